import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from openmm_mlff.report.comparison import comparison_markdown
from openmm_mlff.report.summary import render_summary, verdict_line
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.report.writer import write_report
from openmm_mlff.results import ClaimStatus, Status, ValidationReport, VerdictStatus
from openmm_mlff.rundir import RunDirectory
from openmm_mlff.storage.runs import Evidence


@pytest.fixture
def written(tmp_path, make_observations, printed):
    """Return the texts of every form of a report without runs; the JSON is left in the folder."""

    def write(report):
        directory = RunDirectory.create(tmp_path)
        write_report(directory, report, {"water": Evidence(make_observations().system)})
        return {
            "terminal": printed(render_report, report, report_path="x"),
            "summary": printed(render_summary, report, report_path="x"),
            "line": verdict_line(report, report_path="x").plain,
            "comparison": printed(render_comparison, [report]),
            "comparison page": comparison_markdown([report], folder=tmp_path),
            "Markdown": (tmp_path / "report.md").read_text(encoding="utf-8"),
            "HTML": (tmp_path / "report.html").read_text(encoding="utf-8"),
        }

    return write


def test_report_figures_and_page_are_written(make_report, make_observations, tmp_path, png_inches):
    directory = RunDirectory.create(tmp_path / "run")
    report = make_report()
    write_report(directory, report, {"water": make_observations()})
    assert ValidationReport.from_json((directory.root / "report.json").read_text("utf-8")) == report
    page = (directory.root / "report.md").read_text(encoding="utf-8")
    figures = sorted(directory.figures.glob("*.png"))
    assert len(figures) == 6
    for path in figures:
        assert f'src="figures/{path.name}"' in page
        assert png_inches(path)[0] == pytest.approx(3.4, abs=0.01) or "forces" in path.name
    html = (directory.root / "report.html").read_text(encoding="utf-8")
    assert html.count('class="plot"') == 4
    assert "--system water" in html
    linked = set(re.findall(r'href="(figures/[^"]+)" download', html))
    assert {Path(link).suffix for link in linked} == {".png", ".svg"}
    vectors = re.findall(r"\(\[SVG\]\(([^)]+)\)\)", page)
    assert len(vectors) == page.count("**Figure ")
    assert all((directory.root / unquote(link)).is_file() for link in (*linked, *vectors))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_every_form_shows_the_one_verdict(make_report, written, tmp_path, status):
    # The checks all passed: two of the verdicts differ from what judging again would give.
    for form, text in written(make_report(status=status)).items():
        assert status.value in text, form
        for other in set(VerdictStatus) - {status, VerdictStatus.INCONCLUSIVE}:
            assert other.value not in text, form
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["verdict"]["status"] == status.value


def test_every_form_shows_label_claims_and_what_is_not_applicable(
    make_report, make_result, written
):
    checks = [make_result("speed", status=Status.NOT_APPLICABLE)]
    label = "APPROVED as sound alone"
    texts = written(make_report(checks=checks, accurate=ClaimStatus.NOT_ASKED, label=label))
    for form, text in texts.items():
        assert label in text, form
        if form not in ("line", "comparison", "comparison page"):
            assert re.search(r"(?i)accurate: (<strong>)?NOT ASKED", text), form
            assert re.search(r"(?i)not applicable", text), form


def test_a_report_without_results_is_written_too(make_report, written, tmp_path):
    written(make_report(checks=[]))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.html", "report.json", "report.md"}
