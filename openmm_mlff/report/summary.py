"""The summary for a terminal of 80 columns: key numbers, checks that did not pass, verdict."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmm_mlff.report.selection import (
    MOST_REASONS,
    key_headers,
    summary_rows,
    systems_with_results,
)
from openmm_mlff.report.terminal import (
    STATUS_STYLES,
    VERDICT_STYLES,
    key_cell,
    plain_table,
    status_counts,
    verdict_panel,
)
from openmm_mlff.report.wording import (
    REPORTED_MARK,
    integer,
    status_label,
    value_text,
)
from openmm_mlff.results import Status, ValidationReport, limit_text

_SPOKEN_OF = (Status.FAIL, Status.ERROR, Status.INCONCLUSIVE)
"""Statuses listed individually; others are only counted."""
MOST_LISTED = 12


def render_summary(report: ValidationReport, *, console: Console, report_path: Path | str) -> None:
    """Print the essentials of a report on one screen, 80 columns or wider."""
    model, protocol = report.model, report.protocol.get("name", "unknown")
    console.print(
        Text.assemble(
            (model.spec, "bold"), f"  {integer(model.n_parameters)} parameters, protocol {protocol}"
        )
    )
    console.print(_key_table(report))
    for line in _counts(report, width=console.width):
        console.print(line)
    console.print()
    _print_findings(report, console=console)
    console.print(verdict_panel(report.verdict, most=MOST_REASONS))
    # A path that is broken over two lines can be neither clicked nor copied.
    console.print(Text(f" Report: {report_path}"), soft_wrap=True)


def verdict_line(report: ValidationReport, *, report_path: Path | str) -> Text:
    """Format the verdict in one line."""
    verdict = report.verdict
    style = VERDICT_STYLES[verdict.status]
    return Text.assemble(f"{report.model.spec}: ", (verdict.label, style), f" ({report_path})")


def _key_table(report: ValidationReport) -> Table:
    rows = summary_rows(report)
    headers = key_headers(rows)
    heads = [f"{head}\n{unit}" for head, unit in headers.values()]
    table = plain_table("", heads=("System", *heads))
    several = len(rows) > len(systems_with_results(report))
    for row in rows:
        name = f"{row.system}\n{row.condition}" if several and row.condition else row.system
        cells = [
            key_cell(row, check_id=check_id, unit=unit) for check_id, (_, unit) in headers.items()
        ]
        table.add_row(Text(name, style="bold"), *cells)
    return table


def _counts(report: ValidationReport, *, width: int) -> list[Text]:
    """Return the number of results by status, one line per system; symbols alone if too wide."""
    systems = systems_with_results(report)
    longest = max((len(system) for system in systems), default=0)
    for in_words in (True, False):
        lines = [
            Text.assemble(
                (f" {system:<{longest}}", "bold"),
                status_counts(report, system=system, in_words=in_words),
            )
            for system in systems
        ]
        if all(line.cell_len <= width for line in lines):
            break
    return lines


def _print_findings(report: ValidationReport, *, console: Console) -> None:
    """Print the checks that did not pass, the most severe first."""
    found = [result for result in report.checks if result.status in _SPOKEN_OF]
    found.sort(key=lambda result: (not result.required, _SPOKEN_OF.index(result.status)))
    if not found:
        console.print(Text(" Everything that was measured passed.", style="green"))
        return
    console.print(Text(" What did not pass", style="bold"))
    shown = [
        (f"{one.id}{'' if one.required else REPORTED_MARK} on {one.system}", one)
        for one in found[:MOST_LISTED]
    ]
    width = max(len(name) for name, _ in shown)
    for name, result in shown:
        line = Text.assemble(
            (f" {status_label(result.status):<15}", STATUS_STYLES[result.status]),
            f"{name:<{width}}  {value_text(result)}",
            (f"  {limit_text(result)}", "dim"),
        )
        console.print(line, soft_wrap=False, overflow="ellipsis", no_wrap=True)
    if len(found) > MOST_LISTED:
        console.print(Text(f"   and {len(found) - MOST_LISTED} more", style="dim"))
    if any(not result.required for result in found):
        console.print(Text(f" {REPORTED_MARK} reported only, not decisive", style="dim"))
