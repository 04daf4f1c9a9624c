"""`comparison.html`, a self-contained page: models against systems, and limits to try out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from openmm_mlff.report.comparing.plots import pareto_plot
from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.report.comparing.summary import (
    ComparisonSummary,
    headline,
    kind_words,
    name,
    place,
    side,
)
from openmm_mlff.report.html.charts import render_chart
from openmm_mlff.report.html.embedding import PLOTLY, fill_page, packed_json, safe_json
from openmm_mlff.report.selection import (
    KEY_CHECKS,
    claims_line,
    key_results,
    model_labels,
    systems_with_results,
    verdict_words,
)
from openmm_mlff.report.templating import encode_link
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    SYMBOLS,
    css_class,
    integer,
    interval_half_width,
    number,
    several_conditions,
    value_text,
    with_unit,
)
from openmm_mlff.results import CheckResult, ClaimStatus, Status, ValidationReport

TEMPLATE = "comparison.html.j2"
TITLE = "Comparison of models"


@dataclass(frozen=True)
class Limit:
    """A threshold that the reader can change; ``unit`` is empty for a ratio."""

    name: str
    sign: str
    value: float
    unit: str


def comparison_html(
    reports: Sequence[ValidationReport],
    summary: ComparisonSummary,
    *,
    links: Sequence[str] = (),
    title: str = TITLE,
    ranked: bool = False,
) -> str:
    """Return a comparison as one HTML page in which text from reports is escaped.

    The baseline comes first; reports that are ``ranked`` have none, and no changes are shown.
    ``links`` are relative paths to the page of each report, or empty.
    """
    several = _several(reports)
    plot = pareto_plot(summary.weighed, links=dict(zip(summary.labels, links, strict=False)))
    pareto = None if plot is None else render_chart(plot)
    limits, results = limits_and_results(reports)
    return fill_page(
        TEMPLATE,
        styles=("base.css", "dashboard.css", "checks.css", "comparison.css", "print.css"),
        scripts=("common.js", "charts.js", "leaderboard.js"),
        vendor={PLOTLY: pareto is not None},
        title=title,
        models=model_entries(reports, links=links),
        heads=[KEY_CHECKS[check_id] for check_id in _key_checks(reports)],
        systems=_systems(reports),
        limits=limits,
        ranked=ranked,
        results=Markup(safe_json(results)),
        summary=summary,
        differences=[
            (headline(difference, baseline=summary.labels[0]), difference)
            for difference in (() if ranked else summary.differences)
        ],
        pareto=pareto,
        chart_data=Markup(packed_json([] if pareto is None else [pareto])),
        number=number,
        rows=row_entries(reports),
        kind_words=kind_words,
        place=partial(place, several=several),
        side=side,
        name=name,
        value_text=value_text,
        reported_mark=REPORTED_MARK,
    )


def model_entries(
    reports: Sequence[ValidationReport], *, links: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return each model with its verdict and the encoded link to its report, or no link."""
    measured = _key_checks(reports)
    return [
        {
            "label": label,
            "spec": report.model.spec,
            "parameters": integer(report.model.n_parameters),
            "protocol": str(report.protocol.get("name", "unknown")),
            "status": report.verdict.status.value,
            "verdict": report.verdict.label,
            "found": verdict_words(report),
            "numbers": [key_cells(report).get(check_id) for check_id in measured],
            "claims": claims_line(report.verdict),
            "reason": str(report.verdict.reasons[0]) if report.verdict.reasons else NOTHING,
            "recommendation": report.verdict.recommendation,
            "failure_modes": report.verdict.failure_modes,
            "link": encode_link(link),
        }
        for label, report, link in zip(
            model_labels(reports), reports, links or [""] * len(reports), strict=True
        )
    ]


def row_entries(reports: Sequence[ValidationReport]) -> list[dict[str, Any]]:
    """Return one table row per check of all reports."""
    several = _several(reports)
    return [
        {
            "where": place(row.there[0], several=several),
            "check": row.name,
            "required": row.required,
            "limit": row.limit,
            "unit": row.unit,
            "cells": [_cell(result) for result in row.results],
            "differs": len({result and result.status for result in row.results}) > 1,
        }
        for row in comparison_rows(reports)
    ]


def _key_checks(reports: Sequence[ValidationReport]) -> list[str]:
    """Return the key checks that have a value in any of the reports."""
    measured = {check_id for report in reports for check_id in key_cells(report)}
    return [check_id for check_id in KEY_CHECKS if check_id in measured]


def key_cells(report: ValidationReport) -> dict[str, tuple[str, str, float]]:
    """Return text, place and value of each key number that was measured."""
    return {
        result.id: (
            with_unit(value_text(result), result.unit),
            f"on {result.system}",
            result.value or 0.0,
        )
        for _, result in key_results(report)
    }


def limits_and_results(
    reports: Sequence[ValidationReport],
) -> tuple[list[Limit], list[dict[str, Any]]]:
    """Return the limits, and the results that are compared with them in the page.

    A result has the positions of ``model``, ``system`` and ``limit`` (None where there is none).
    """
    systems = _systems(reports)
    limits: dict[tuple[str, str, str], Limit] = {}
    results = []
    for row in comparison_rows(reports):
        for model, result in enumerate(row.results):
            if result is None:
                continue
            position = None
            if result.threshold is not None and result.value is not None:
                key = row.name, "≥" if result.at_least else "≤", result.unit
                unit = with_unit("", result.unit).strip()
                limits.setdefault(key, Limit(key[0], key[1], result.threshold, unit))
                position = list(limits).index(key)
            value = result.value
            results.append(
                {
                    "name": row.name,
                    "status": result.status.value,
                    "value": value if value is None or result.at_least else abs(value),
                    "half": interval_half_width(result) or 0.0,
                    "limit": position,
                    "model": model,
                    "system": systems.index(result.system),
                    "required": _is_asked(result, reports[model]),
                }
            )
    return list(limits.values()), results


def _is_asked(result: CheckResult, report: ValidationReport) -> bool:
    """Return whether the verdict depends on a result: not on what no reference was named for."""
    accurate = report.verdict.claims.accurate.status
    is_left_out = result.status is Status.SKIPPED and accurate is ClaimStatus.NOT_ASKED
    return result.required and not is_left_out


def _cell(result: CheckResult | None) -> dict[str, str]:
    if result is None:
        return {"css": "", "symbol": "", "text": NOTHING, "message": ""}
    return {
        "css": css_class(result.status.value),
        "symbol": SYMBOLS[result.status],
        "text": result.status.value if result.value is None else value_text(result),
        "message": result.message,
    }


def _systems(reports: Sequence[ValidationReport]) -> list[str]:
    """Return the systems of all reports, in order of first occurrence."""
    return list(dict.fromkeys(one for report in reports for one in systems_with_results(report)))


def _several(reports: Sequence[ValidationReport]) -> bool:
    return any(several_conditions(report) for report in reports)
