"""Combine the parts of the report into one page without external resources."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from openmm_mlff.checks import CHECKS, Check
from openmm_mlff.config import short_name
from openmm_mlff.report.costs import cost_rows
from openmm_mlff.report.figures import PlacedPlot
from openmm_mlff.report.html.charts import render_chart
from openmm_mlff.report.html.citing import bibtex, methods_text
from openmm_mlff.report.html.dashboard import dashboard_rows, groups_of, statuses_of
from openmm_mlff.report.html.embedding import (
    PLOTLY,
    VIEWER,
    fill_page,
    packed_json,
    packed_text,
)
from openmm_mlff.report.html.molecule import molecules
from openmm_mlff.report.html.sections import Chart, check_sections
from openmm_mlff.report.html.trajectory import structure_pictures, viewer_runs
from openmm_mlff.report.selection import (
    CLAIM_WORDS,
    WORDS,
    key_results,
    leading_reasons,
    systems_with_results,
    verdict_sentence,
)
from openmm_mlff.report.templating import evidence_text, flatten
from openmm_mlff.report.wording import (
    SHORT_SHA_LENGTH,
    SYMBOLS,
    integer,
    needs_text,
    number,
    scope_rows,
    value_text,
    with_unit,
)
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.runs import Evidence

PAGE = "report.html.j2"
STYLES = ("base.css", "dashboard.css", "checks.css", "viewer.css", "print.css")
SCRIPTS = ("common.js", "charts.js", "dashboard.js", "viewer.js", "page.js")


def report_html(
    report: ValidationReport,
    observations_by_system: Mapping[str, Evidence],
    *,
    plots: Sequence[PlacedPlot] = (),
    run: Mapping[str, Any] | None = None,
    known: Sequence[Check] = CHECKS,
) -> str:
    """Return the report as one HTML page; equal input gives equal pages.

    ``run`` is the content of `run.json`. The page links to nothing beside it, so it can be mailed.
    """
    verdict, judged = report.verdict, {check.id for check in report.checks}
    charts = [
        Chart(placed, render_chart(placed.plot)) for placed in plots if placed.check_id in judged
    ]
    runs = viewer_runs(observations_by_system, report)
    rows = dashboard_rows(report, known=known)
    return fill_page(
        PAGE,
        styles=STYLES,
        scripts=SCRIPTS,
        vendor={PLOTLY: bool(charts), VIEWER: bool(runs)},
        report=report,
        verdict=verdict,
        symbol=WORDS[verdict.status][0],
        sentence=verdict_sentence(verdict),
        reasons=leading_reasons(verdict.reasons),
        sha=report.model.sha256[:SHORT_SHA_LENGTH] or "unknown",
        parameters=integer(report.model.n_parameters),
        scope=[*_asked_rows(report, run=run), *scope_rows(report.verdict.scope)],
        claim_words=CLAIM_WORDS,
        key_results=key_results(report),
        costs=cost_rows(observations_by_system),
        methods=methods_text(report),
        bibtex=bibtex(report),
        report_json=Markup(packed_text(report.to_json() + "\n")),
        systems=systems_with_results(report),
        rows=sorted(rows, key=lambda row: row.order),
        order=rows,
        groups=groups_of(rows),
        statuses=statuses_of(report),
        sections=check_sections(report, charts=charts, known=known),
        runs=runs,
        molecules=molecules(observations_by_system, report),
        pictures=structure_pictures(observations_by_system, report),
        provenance=provenance_rows(report),
        request=request_of(report, run=run),
        chart_data=Markup(
            packed_json([{"system": one.placed.system} | one.drawn for one in charts])
        ),
        run_data=Markup(packed_json(runs)),
        number=number,
        symbols=SYMBOLS,
        needs_text=needs_text,
        value_text=value_text,
        with_unit=with_unit,
    )


def _asked_rows(
    report: ValidationReport, *, run: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    """Return date, protocol and reference as rows of the scope."""
    started, reference = (run or {}).get("started"), report.environment.get("reference")
    return [
        *([("date", str(started)[:10])] if started else []),
        ("protocol", f"{report.protocol.get('name', 'unknown')}, {len(report.checks)} results"),
        ("reference", short_name(str(reference)) if reference else "none"),
    ]


def provenance_rows(report: ValidationReport) -> list[tuple[str, str]]:
    """Return names and values of the provenance, without thresholds, which are with the results."""
    model = {"model": report.model.spec, "sha256": report.model.sha256}
    settings = {key: value for key, value in report.protocol.items() if key != "criteria"}
    tables = {**model, **report.environment, "protocol": settings}
    return [(key, evidence_text(value)) for key, value in flatten(tables)]


def request_of(report: ValidationReport, *, run: Mapping[str, Any] | None) -> ValidationRequest:
    """Return the request of a validation, whose command repeats it.

    Without ``run``, the content of `run.json`, it is derived from the report.
    """
    asked = (run or {}).get("request") or {
        "potential": report.model.spec,
        "systems": report.systems,
        "protocol": str(report.protocol.get("name", "standard")),
        "reference": report.environment.get("reference"),
    }
    return ValidationRequest.model_validate(asked)
