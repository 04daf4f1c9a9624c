"""`comparison.html`: a self-contained page for small and large screens, light or dark."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from openmm_mlff.report.comparing.plots import pareto_plot
from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.report.comparing.summary import (
    KIND_WORDS,
    ComparisonSummary,
    headline,
    name,
    place,
    side,
)
from openmm_mlff.report.selection import claims_line
from openmm_mlff.report.templating import TEMPLATES_FOLDER, encode_link, templates_in
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    SYMBOLS,
    integer,
    number,
    several_conditions,
    value_text,
)
from openmm_mlff.results import Status, ValidationReport

TEMPLATE = "comparison.html.j2"
TITLE = "Comparison of models"


def comparison_html(
    reports: Sequence[ValidationReport],
    summary: ComparisonSummary,
    *,
    links: Sequence[str] = (),
    title: str = TITLE,
) -> str:
    """Return a comparison as one HTML page in which text from reports is escaped.

    The baseline comes first. ``links`` are relative paths to the page of each report, or empty.
    """
    # Imported here because the module needs matplotlib.
    from openmm_mlff.report.drawing import plot_svg

    several = any(several_conditions(report) for report in reports)
    pareto = pareto_plot(summary.weighed)
    environment = templates_in(TEMPLATES_FOLDER, autoescape=True)
    return environment.get_template(TEMPLATE).render(
        title=title,
        models=_models(reports, summary, links=links),
        summary=summary,
        differences=[
            (headline(difference, baseline=summary.labels[0]), difference)
            for difference in summary.differences
        ],
        plot="" if pareto is None else Markup(plot_svg(pareto)),
        number=number,
        rows=_rows(reports, several=several),
        kind_words=KIND_WORDS,
        place=partial(place, several=several),
        side=side,
        name=name,
        value_text=value_text,
        reported_mark=REPORTED_MARK,
    )


def _models(
    reports: Sequence[ValidationReport], summary: ComparisonSummary, *, links: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "spec": report.model.spec,
            "parameters": integer(report.model.n_parameters),
            "protocol": str(report.protocol.get("name", "unknown")),
            "status": report.verdict.status.value,
            "verdict": report.verdict.label,
            "claims": claims_line(report.verdict),
            "reason": str(report.verdict.reasons[0]) if report.verdict.reasons else NOTHING,
            "link": encode_link(link),
        }
        for label, report, link in zip(
            summary.labels, reports, links or [""] * len(reports), strict=True
        )
    ]


def _rows(reports: Sequence[ValidationReport], *, several: bool) -> list[dict[str, Any]]:
    """Return one table row per check of all reports."""
    rows = []
    for row in comparison_rows(reports):
        cells = [
            {
                "status": NOTHING if result is None else result.status.value,
                "css": "" if result is None else result.status.value.replace(" ", "-"),
                "symbol": "" if result is None else SYMBOLS[result.status],
                "value": "" if result is None or result.value is None else value_text(result),
                "message": "" if result is None else result.message,
            }
            for result in row.results
        ]
        rows.append(
            {
                "where": place(row.there[0], several=several),
                "check": row.name,
                "required": row.required,
                "limit": row.limit,
                "unit": row.unit,
                "cells": cells,
                "differs": len({cell["status"] for cell in cells}) > 1,
                "failed": any(result.status is Status.FAIL for result in row.there),
            }
        )
    return rows
