"""Combine the parts of the report into one page without external resources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from openmm_mlff.checks import CHECKS, Check
from openmm_mlff.report.figures import PlacedPlot
from openmm_mlff.report.html.charts import render_chart
from openmm_mlff.report.html.dashboard import dashboard_rows, groups_of, statuses_of
from openmm_mlff.report.html.embedding import (
    PLOTLY,
    VIEWER,
    packed_json,
    packed_script,
    script_hash,
    vendor_script,
)
from openmm_mlff.report.html.sections import Chart, check_sections
from openmm_mlff.report.html.trajectory import structure_pictures, viewer_runs
from openmm_mlff.report.selection import summarise, systems_with_results
from openmm_mlff.report.templating import evidence_text, flatten, relative_link, templates_in
from openmm_mlff.report.wording import SHORT_SHA_LENGTH, css_class, integer, number, scope_rows
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.runs import Evidence

TEMPLATES_FOLDER = Path(__file__).parent / "templates"
PAGE = "report.html.j2"
STYLES = ("base.css", "dashboard.css", "checks.css", "viewer.css", "print.css")
EARLY_SCRIPT = "theme.js"
"""Runs before anything is drawn, so that a dark page does not flash white."""

SCRIPTS = ("common.js", "charts.js", "dashboard.js", "viewer.js", "page.js")


def write_html(
    report: ValidationReport,
    observations_by_system: Mapping[str, Evidence],
    path: Path,
    *,
    plots: Sequence[PlacedPlot] = (),
    figures: Path | None = None,
    run: Mapping[str, Any] | None = None,
    known: Sequence[Check] = CHECKS,
) -> None:
    """Write the report atomically as one HTML page; see :func:`report_html`."""
    page = report_html(
        report,
        observations_by_system,
        plots=plots,
        figures=figures,
        folder=path.parent,
        run=run,
        known=known,
    )
    write_text(path, page)


def report_html(
    report: ValidationReport,
    observations_by_system: Mapping[str, Evidence],
    *,
    plots: Sequence[PlacedPlot] = (),
    figures: Path | None = None,
    folder: Path | None = None,
    run: Mapping[str, Any] | None = None,
    known: Sequence[Check] = CHECKS,
) -> str:
    """Return the report as one HTML page; equal input gives equal pages.

    ``figures`` is the folder with the files of the plots, which are linked relative to ``folder``,
    that of the page, where they exist. ``run`` is the content of `run.json`.
    """
    judged = {check.id for check in report.checks}
    charts = [
        Chart(placed, _links(placed, figures, folder), **render_chart(placed.plot))
        for placed in plots
        if placed.check_id in judged
    ]
    runs = viewer_runs(observations_by_system, report)
    rows = dashboard_rows(report, known=known)
    early, script = _read(EARLY_SCRIPT), "\n".join(_read(name) for name in SCRIPTS)
    return (
        _environment()
        .get_template(PAGE)
        .render(
            report=report,
            summary=summarise(report),
            sha=report.model.sha256[:SHORT_SHA_LENGTH] or "unknown",
            parameters=integer(report.model.n_parameters),
            scope=scope_rows(report.verdict.scope),
            systems=systems_with_results(report),
            rows=sorted(rows, key=lambda row: row.order),
            order=rows,
            groups=groups_of(rows),
            statuses=statuses_of(report),
            sections=check_sections(report, charts=charts, known=known),
            runs=runs,
            pictures=structure_pictures(observations_by_system, report),
            provenance=provenance_rows(report),
            request=request_of(report, run=run),
            style=Markup("\n".join(_read(name) for name in STYLES)),
            policy=_policy(early, script, vendor_script(PLOTLY), vendor_script(VIEWER)),
            early_script=Markup(early),
            script=Markup(script),
            chart_data=Markup(
                packed_json(
                    [
                        {"traces": one.traces, "layout": one.layout, "height": one.height}
                        for one in charts
                    ]
                )
            ),
            run_data=Markup(packed_json(runs)),
            plotly=Markup(packed_script(PLOTLY) if charts else ""),
            viewer=Markup(packed_script(VIEWER) if runs else ""),
            number=number,
        )
    )


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


def _links(
    placed: PlacedPlot, figures: Path | None, folder: Path | None
) -> tuple[tuple[str, str], ...]:
    """Return format and link of each file of a plot that exists."""
    if figures is None or folder is None:
        return ()
    files = [(kind, figures / f"{placed.stem}.{kind.lower()}") for kind in ("PNG", "SVG")]
    return tuple(
        (kind, relative_link(file, folder=folder)) for kind, file in files if file.is_file()
    )


def _policy(*scripts: str) -> str:
    """Return a Content-Security-Policy that allows only the page's own scripts and no requests."""
    hashes = " ".join(script_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return (TEMPLATES_FOLDER / name).read_text(encoding="utf-8").strip("\n")


def _environment() -> Environment:
    environment = templates_in(TEMPLATES_FOLDER, autoescape=True)
    environment.filters["code"] = code_words
    environment.filters["css"] = css_class
    return environment


def code_words(text: object) -> Markup:
    """Escape text, and format text between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if k % 2 else escape(part)
        for k, part in enumerate(parts)
    )
