"""A summary of the report as Markdown, verdict first; all details are on the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openmm_mlff.report.figures import FigureRecord
from openmm_mlff.report.selection import (
    SummaryRow,
    key_headers,
    results_by_group,
    summary_rows,
    systems_with_results,
)
from openmm_mlff.report.templating import (
    escape_text,
    relative_link,
    render,
)
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    condition_label,
    integer,
    limit_cell,
    scope_rows,
    several_conditions,
    status_label,
    value_text,
)
from openmm_mlff.results import Status, ValidationReport
from openmm_mlff.storage.files import write_text

PIXELS_PER_INCH = 120
"""Size of figures on the page; the files have a higher resolution."""

LEGEND = ", ".join(status_label(status) for status in Status)


def write_markdown(report: ValidationReport, figures: Sequence[FigureRecord], path: Path) -> None:
    """Write the report atomically as Markdown with relative links to the figures."""
    write_text(path, report_markdown(report, figures=figures, folder=path.parent))


def report_markdown(
    report: ValidationReport, *, figures: Sequence[FigureRecord] = (), folder: Path
) -> str:
    """Return the report as Markdown with figures linked relative to ``folder``."""
    return render(
        "report.md.j2",
        report=report,
        verdict=report.verdict,
        parameters=integer(report.model.n_parameters),
        sha=report.model.sha256 or "unknown",
        protocol_name=report.protocol.get("name", "unknown"),
        scope=scope_rows(report.verdict.scope),
        summary=summary_table([("", row) for row in summary_rows(report)]),
        legend=LEGEND,
        reported=any(not result.required for result in report.checks),
        reported_mark=REPORTED_MARK,
        conditions=several_conditions(report),
        systems=[(system, _rows(report, system=system)) for system in systems_with_results(report)],
        figures=[figure_entry(figure, folder=folder) for figure in figures],
    )


def summary_table(rows: Sequence[tuple[str, SummaryRow]]) -> str:
    """Return key numbers as a Markdown table, or a sentence without rows.

    ``rows`` pairs the label of a model, empty if there is only one, with its key numbers.
    """
    if not rows:
        return "Nothing was measured."
    headers = key_headers([row for _, row in rows])
    named = any(label for label, _ in rows)
    titles = [f"{title} ({unit})" if unit else title for title, unit in headers.values()]
    lines = [
        _table_line((*(("Model",) if named else ()), "System", "Condition", *titles)),
        "|" + "---|" * (len(titles) + 2 + named),
    ]
    for label, row in rows:
        cells = [row.cell(check_id, unit=not unit) for check_id, (_, unit) in headers.items()]
        first = (label,) if named else ()
        lines.append(_table_line((*first, row.system, row.condition or NOTHING, *cells)))
    return "\n".join(lines)


def figure_entry(figure: FigureRecord, *, folder: Path) -> dict[str, Any]:
    """Return link, SVG link, alternative text, caption and width in pixels for the templates."""
    return {
        "link": relative_link(figure.path, folder=folder),
        "svg": relative_link(figure.svg_path, folder=folder) if figure.svg_path.is_file() else "",
        "alt": f"{figure.title}, {figure.system}" if figure.system else figure.title,
        "caption": figure.caption,
        "width": round(figure.width_inch * PIXELS_PER_INCH),
    }


def _table_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escape_text(cell) for cell in cells)} |"


def _rows(report: ValidationReport, *, system: str) -> list[dict[str, Any]]:
    """Return the rows of one system, those that are not applicable last."""
    found = [result for _, results in results_by_group(report, system=system) for result in results]
    return [
        {
            "name": result.id,
            "mark": "" if result.required else REPORTED_MARK,
            "status": status_label(result.status),
            "plain": result.status in (Status.PASS, Status.NOT_APPLICABLE),
            "value": value_text(result),
            "limit": limit_cell(result),
            "unit": result.unit,
            "condition": condition_label(result.condition) or NOTHING,
            "message": result.message,
        }
        for result in sorted(found, key=lambda result: result.status is Status.NOT_APPLICABLE)
    ]
