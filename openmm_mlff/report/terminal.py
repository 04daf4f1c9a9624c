"""A report in the terminal with all details, coloured or piped, and tables of several reports."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from openmm_mlff.report.selection import (
    SummaryRow,
    claims_line,
    key_headers,
    leading_reasons,
    model_labels,
    results_by_group,
    rows_by_condition,
    systems_with_results,
)
from openmm_mlff.report.wording import (
    REPORTED_MARK,
    SHORT_SHA_LENGTH,
    SYMBOLS,
    integer,
    limit_cell,
    scope_rows,
    status_label,
    value_text,
)
from openmm_mlff.results import CheckResult, Status, ValidationReport, Verdict, VerdictStatus
from openmm_mlff.storage.text import printable, printable_values

STATUS_STYLES = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.INCONCLUSIVE: "yellow",
    Status.ERROR: "bold magenta",
    Status.SKIPPED: "dim",
    Status.NOT_APPLICABLE: "dim",
}
VERDICT_STYLES = {
    VerdictStatus.APPROVED: "green",
    VerdictStatus.REJECTED: "red",
    VerdictStatus.INCONCLUSIVE: "yellow",
}


def printable_report(report: ValidationReport) -> ValidationReport:
    """Return a report without control characters, which a terminal would interpret."""
    return ValidationReport.model_validate(printable_values(report.model_dump()))


def render_report(report: ValidationReport, *, console: Console, report_path: Path | str) -> None:
    """Print a report: model, checks of each system, verdict, path of the report."""
    report = printable_report(report)
    console.print(_header(report))
    for system in systems_with_results(report):
        console.print()
        title = Text.assemble((system, "bold"), status_counts(report, system=system))
        console.print(Rule(title, align="left", style="blue"))
        console.print(_results(report, system=system, width=console.width))
    console.print()
    if any(not result.required for result in report.checks):
        note = f" {REPORTED_MARK} reported only: the verdict does not rest on it"
        console.print(Text(note, style="dim"))
    console.print(verdict_panel(report.verdict))
    # A path that is broken over two lines can be neither clicked nor copied.
    console.print(Text(f" Report: {printable(str(report_path))}"), soft_wrap=True)


def render_comparison(reports: Sequence[ValidationReport], *, console: Console) -> None:
    """Print the verdicts and key numbers of several reports side by side."""
    reports = [printable_report(report) for report in reports]
    labels = model_labels(reports)
    verdicts = plain_table("Verdicts", heads=("Model", "Parameters", "Verdict", "Why"))
    for label, report in zip(labels, reports, strict=True):
        verdict = report.verdict
        verdicts.add_row(
            Text(label, style="bold"),
            Text(integer(report.model.n_parameters)),
            Text(verdict.label, style=f"bold {VERDICT_STYLES[verdict.status]}"),
            Text(str(verdict.reasons[0]) if verdict.reasons else ""),
        )
    console.print(verdicts)
    for title, rows in rows_by_condition(reports).items():
        headers = key_headers([row for _, row in rows])
        heads = [f"{head}\n{unit}" for head, unit in headers.values()]
        table = plain_table(title, heads=("Model", *heads))
        for position, row in rows:
            cells = [
                key_cell(row, check_id=check_id, unit=unit)
                for check_id, (_, unit) in headers.items()
            ]
            table.add_row(Text(labels[position], style="bold"), *cells)
        console.print()
        console.print(table)


def plain_table(title: str, *, heads: Sequence[str], right_from: int | None = None) -> Table:
    """Return an empty table without a frame; columns from ``right_from`` are right-aligned."""
    table = Table(
        title=Text(title, style="bold blue"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="dim",
    )
    for position, head in enumerate(heads):
        numeric = right_from is not None and position >= right_from
        table.add_column(
            Text(head),
            justify="right" if numeric else "left",
            no_wrap=position == 0,
            overflow="fold",
            # Words of a header are not broken.
            min_width=max((len(word) for word in head.split()), default=0),
        )
    return table


def key_cell(row: SummaryRow, *, check_id: str, unit: str) -> Text:
    """Format one key number in the colour of its status, with a unit if the column has none."""
    result = row.results.get(check_id)
    style = "dim" if result is None else STATUS_STYLES[result.status]
    return Text(row.cell(check_id, unit=not unit, interval=False), style=style)


def verdict_panel(verdict: Verdict, *, most: int | None = None) -> Panel:
    """Return the panel of a verdict; ``most`` limits reasons and failure modes."""
    style = VERDICT_STYLES[verdict.status]
    scope = "\n".join(f"{label} {text}" for label, text in scope_rows(verdict.scope))
    rows: list[tuple[str, RenderableType]] = [
        ("Claims", Text(claims_line(verdict))),
        ("Why", _bullets(_reasons(verdict, most=most))),
    ]
    if verdict.failure_modes:
        rows.append(("Failure modes", _bullets(verdict.failure_modes[:most])))
    rows.append(("Recommended use", Text(verdict.recommendation)))
    if verdict.next_step:
        rows.append(("Next step", Text(verdict.next_step)))
    rows.append(("Tested scope", Text(scope)))
    return Panel(
        _label_grid(rows),
        title=Text(f" VERDICT: {verdict.label} ", style=f"bold {style}"),
        title_align="left",
        border_style=style,
        padding=(1, 1),
    )


def _reasons(verdict: Verdict, *, most: int | None) -> list[str]:
    """Return the most severe reasons and the number of further ones."""
    if most is None:
        return [str(reason) for reason in verdict.reasons]
    chosen, further = leading_reasons(verdict.reasons, most=most)
    more = [f"and {len(further)} more, in the report"] if further else []
    return [*map(str, chosen), *more]


def _header(report: ValidationReport) -> Panel:
    model, scope = report.model, report.verdict.scope
    rows: list[tuple[str, RenderableType]] = [
        ("Model", Text(model.spec, style="bold")),
        ("Parameters", Text(integer(model.n_parameters))),
        ("SHA-256", Text(model.sha256[:SHORT_SHA_LENGTH] or "unknown")),
        ("Systems", Text(", ".join(report.systems))),
        ("Protocol", Text(str(report.protocol.get("name", "unknown")))),
        ("Platform", Text(f"{scope.platform}, {scope.precision} precision")),
    ]
    title = Text(" openmm-mlff: safe for production MD? ", style="bold")
    return Panel(_label_grid(rows), title=title, title_align="left", border_style="blue")


def _label_grid(rows: Sequence[tuple[str, RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for label, content in rows:
        grid.add_row(Text(label, style="bold cyan"), content)
    return grid


def _bullets(sentences: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for sentence in sentences:
        grid.add_row("•", Text(sentence))
    return grid


def status_counts(report: ValidationReport, *, system: str, in_words: bool = True) -> Text:
    """Return the number of results of a system by status, as symbols alone or with words."""
    counts = Counter(result.status for result in report.checks if result.system == system)
    line = Text()
    for status in Status:
        if counts[status]:
            word = f" {status.value.lower()}" if in_words else ""
            line.append(f"  {SYMBOLS[status]} {counts[status]}{word}", style=STATUS_STYLES[status])
    return line


def _name(result: CheckResult) -> str:
    return result.id if result.required else f"{result.id}{REPORTED_MARK}"


def _results(report: ValidationReport, *, system: str, width: int) -> RenderableType:
    """Return one line of numbers per check, with its message below."""
    groups = results_by_group(report, system=system)
    if not groups:
        return Text(" nothing was checked", style="dim")
    everything = [result for _, results in groups for result in results]
    name_width = max(len(_name(result)) for result in everything)
    value_width = max(len("value"), *(len(value_text(result)) for result in everything))
    limit_width = max(len("limit"), *(len(limit_cell(result)) for result in everything))
    status_width = max(len(status_label(status)) for status in Status)
    heads = f" {'':{status_width}} {'':{name_width}} {'value':>{value_width}} "
    lines: list[RenderableType] = [Text(f"{heads} {'limit':>{limit_width}}", style="dim")]
    for group, results in groups:
        lines.append(Text(f" {group}", style="bold blue"))
        for result in results:
            status = f" {status_label(result.status):{status_width}} "
            line = Text.assemble(
                (status, STATUS_STYLES[result.status]),
                (f"{_name(result):{name_width}} ", "bold"),
                f"{value_text(result):>{value_width}} ",
                (f" {limit_cell(result):>{limit_width}}  {result.unit}", "dim"),
            )
            lines += [line, _indented(Text(result.message), indent=len(status), width=width)]
    return Group(*lines)


def _indented(text: Text, *, indent: int, width: int) -> Text:
    """Wrap a text with indented lines and no trailing padding, for pipes."""
    wrapped = text.wrap(Console(width=width), max(width - indent - 1, 20))
    for line in wrapped:
        line.rstrip()
        line.pad_left(indent)
    return Text("\n").join(wrapped)
