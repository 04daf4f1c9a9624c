import re

import pytest

from openmm_mlff.report.writer import write_report
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.run_directory import RunDirectory


def test_report_figures_and_page_are_written(make_report, make_observations, tmp_path, png_inches):
    directory = RunDirectory.create(tmp_path / "run")
    report = make_report()
    write_report(directory, report, {"water": make_observations()}, figures=True)
    assert ValidationReport.from_json((directory.root / "report.json").read_text("utf-8")) == report
    figures = sorted(directory.figures.glob("*.png"))
    assert len(figures) == 6
    for path in figures:
        assert png_inches(path)[0] == pytest.approx(3.4, abs=0.01) or "forces" in path.name
    html = (directory.root / "report.html").read_text(encoding="utf-8")
    assert html.count('class="plot"') == 4
    assert "--system water" in html
    # A mailed page has no links to files beside it.
    links = set(re.findall(r'href="([^"]+)"', html))
    assert all(link.startswith(("#", "https://doi.org/")) for link in links)
    assert not list(tmp_path.rglob("*.part"))
