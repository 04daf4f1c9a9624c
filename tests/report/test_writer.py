import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from openmm_mlff.report.writer import write_report
from openmm_mlff.results import ValidationReport
from openmm_mlff.rundir import RunDirectory


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
