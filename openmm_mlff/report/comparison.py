"""Comparison of several reports as JSON, page and figure."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from openmm_mlff.report.comparing.page import TITLE, comparison_html, model_entries, row_entries
from openmm_mlff.report.comparing.plots import comparison_plot
from openmm_mlff.report.comparing.rows import Row, comparison_rows
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.figures import FigureRecord, write_figure
from openmm_mlff.report.markdown import LEGEND, figure_entry, summary_table
from openmm_mlff.report.selection import model_labels, rows_by_condition
from openmm_mlff.report.templating import render
from openmm_mlff.report.wording import REPORTED_MARK, interval_half_width
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import write_json

SCHEMA_VERSION = 2
COMPARISON_JSON = "comparison.json"
COMPARISON_PAGE = "comparison.md"
COMPARISON_HTML = "comparison.html"
COMPARISON_FIGURE = "comparison.png"
REPORT_PAGE = "report.md"
PAGE_SUFFIXES = (".md", ".html")


def compare(reports: Sequence[ValidationReport]) -> dict[str, Any]:
    """Return the contents of `comparison.json`; the first report is the baseline.

    Returns:
        ``schema_version``; ``models``, with a unique label each; ``verdicts`` by label; ``checks``,
            each quantity with its result by label or None; and ``baseline``, ``got_worse``,
            ``differences``, ``pareto`` and ``recommendation`` from
            :func:`openmm_mlff.report.comparing.summary.summarise`.
    """
    labels = model_labels(reports)
    return {
        "schema_version": SCHEMA_VERSION,
        "models": [
            {"label": label, **report.model.model_dump(), "protocol": report.protocol.get("name")}
            for label, report in zip(labels, reports, strict=True)
        ],
        "verdicts": {
            label: report.verdict.model_dump(mode="json")
            for label, report in zip(labels, reports, strict=True)
        },
        "checks": [_check_record(row, labels=labels) for row in comparison_rows(reports)],
        **summarise(reports).as_dict(),
    }


def comparison_markdown(
    reports: Sequence[ValidationReport],
    *,
    links: Sequence[str] = (),
    figure: FigureRecord | None = None,
    folder: Path,
    title: str = TITLE,
    note: str = "",
) -> str:
    """Return a comparison as a Markdown page.

    ``links`` are the page or folder of each report relative to ``folder``, or empty. Figures of the
    reports are searched below ``folder``.
    """
    labels = model_labels(reports)
    key_rows = [
        (labels[position], row)
        for rows in rows_by_condition(reports).values()
        for position, row in rows
    ]
    return render(
        "comparison.md.j2",
        title=title,
        introduction=f"{_introduction(reports)} {note}".strip(),
        labels=labels,
        models=model_entries(reports, links=[_page(link) for link in links]),
        key_numbers=summary_table(key_rows),
        legend=LEGEND,
        figure=None if figure is None else figure_entry(figure, folder=folder),
        rows=row_entries(reports),
        reported=any(not result.required for report in reports for result in report.checks),
        reported_mark=REPORTED_MARK,
    )


def write_comparison(
    reports: Sequence[ValidationReport],
    folder: Path,
    *,
    links: Sequence[str] = (),
    page: str = COMPARISON_PAGE,
    title: str = TITLE,
    note: str = "",
) -> None:
    """Write `comparison.json`, `comparison.html`, the Markdown page and `comparison.png`.

    ``links`` are the page or folder of each report relative to ``folder``, e.g. ``tiny/report.md``,
    or empty.
    """
    write_json(folder / COMPARISON_JSON, compare(reports))
    pages = [_best_page(folder, link) for link in links]
    html = comparison_html(reports, summarise(reports), links=pages, title=title)
    write_text(folder / COMPARISON_HTML, html)
    plot = comparison_plot(reports)
    figure = None if plot is None else write_figure(plot, folder / COMPARISON_FIGURE)
    text = comparison_markdown(
        reports, links=links, figure=figure, folder=folder, title=title, note=note
    )
    write_text(folder / page, text)


def _check_record(row: Row, *, labels: Sequence[str]) -> dict[str, Any]:
    first = row.there[0]
    return {
        "id": first.id,
        "group": first.group,
        "system": first.system,
        "condition": first.condition,
        "quantity": row.quantity,
        "unit": row.unit,
        "required": row.required,
        "results": {
            label: None if result is None else _outcome(result)
            for label, result in zip(labels, row.results, strict=True)
        },
    }


def _outcome(result: CheckResult) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "value": result.value,
        "interval": interval_half_width(result),
        "threshold": result.threshold,
        "at_least": result.at_least,
        "message": result.message,
    }


def _introduction(reports: Sequence[ValidationReport]) -> str:
    protocols = sorted({str(report.protocol.get("name", "unknown")) for report in reports})
    several = "protocols" if len(protocols) > 1 else "protocol"
    return (
        f"{len(reports)} reports by the {several} {', '.join(protocols)}, side by side. All "
        "verdicts and numbers are taken from these reports."
    )


def _page(link: str) -> str:
    """Return the page of a report, also where a folder is given; no page where there is no link."""
    return link if not link or link.endswith(PAGE_SUFFIXES) else f"{link}/{REPORT_PAGE}"


def _best_page(folder: Path, link: str) -> str:
    """Return the HTML page of a report where it exists, otherwise the given page."""
    html = PurePosixPath(_page(link)).with_suffix(".html")
    return str(html) if (folder / html).is_file() else _page(link)
