import io
import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from rich.console import Console

from openmm_mlff.report.comparison import comparison_markdown
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.report.writer import write_report
from openmm_mlff.results import ValidationReport, VerdictStatus
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.storage.runs import Evidence


def test_report_figures_and_page_are_written(make_report, make_observations, tmp_path, png_inches):
    directory = RunDirectory.create(tmp_path / "run")
    report = make_report()
    write_report(directory, report, {"water": make_observations()}, figures=True)
    written = ValidationReport.from_json((directory.root / "report.json").read_text("utf-8"))
    assert written == report
    figures = sorted(directory.figures.glob("*.png"))
    assert len(figures) == 6
    for path in figures:
        assert png_inches(path)[0] == pytest.approx(3.4, abs=0.01) or "forces" in path.name
    html = (directory.root / "report.html").read_text(encoding="utf-8")
    assert html.count('class="plot"') == 4
    assert "--system water" in html
    linked = set(re.findall(r'href="(figures/[^"]+)" download', html))
    assert {Path(link).suffix for link in linked} == {".png", ".svg"}
    assert all((directory.root / unquote(link)).is_file() for link in linked)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_terminal_markdown_and_json_show_the_one_verdict(
    make_report, make_observations, tmp_path, status
):
    # The checks all passed: whoever judged anew would say otherwise than two of the verdicts.
    report = make_report(status=status)
    directory = RunDirectory.create(tmp_path)
    write_report(directory, report, {"water": Evidence(make_observations().system)})
    stream = io.StringIO()
    console = Console(file=stream, width=100)
    render_report(report, console=console, report_path="report.md")
    render_comparison([report], console=console)
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    texts = [stream.getvalue(), page, comparison_markdown([report], folder=tmp_path)]
    for text in texts:
        assert status.value in text
        for other in set(VerdictStatus) - {status, VerdictStatus.INCONCLUSIVE}:
            assert other.value not in text
    assert f"VERDICT: {status.value}" in texts[0]
    assert f"## Verdict: {status.value}\n" in page
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["verdict"]["status"] == status.value


def test_a_report_is_written_for_a_run_that_never_started(make_report, make_observations, tmp_path):
    directory = RunDirectory.create(tmp_path)
    nothing = {"water": Evidence(make_observations().system)}
    write_report(directory, make_report(checks=[]), nothing)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
