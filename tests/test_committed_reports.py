"""The committed results came from this code: same checks, same weights, same thresholds."""

import hashlib
import json
import re

import pytest

from openmm_mlff.checks.registry import select
from openmm_mlff.config import load_protocol
from openmm_mlff.pipeline.publish import dashboard_text
from openmm_mlff.records import ValidationReport
from openmm_mlff.students.loading import shipped_path

STUDENTS = ("original", "tiny", "ultra-tiny")


@pytest.fixture(params=STUDENTS)
def committed(request, repository):
    folder = repository / "reports" / request.param
    return request.param, folder, ValidationReport.from_json((folder / "report.json").read_text())


def test_the_checks_are_those_of_the_registry(committed):
    _, _, report = committed
    selected = [spec.id for spec, _ in select(load_protocol("standard"))]
    for system in ("water", "methane", "alanine"):
        assert [result.id for result in report.checks if result.system == system] == selected


def test_the_protocol_is_the_one_of_today(committed):
    _, _, report = committed
    assert report.protocol == load_protocol("standard").model_dump(mode="json")


def test_the_weights_are_the_shipped_ones(committed):
    name, _, report = committed
    assert report.model.sha256 == hashlib.sha256(shipped_path(name).read_bytes()).hexdigest()


def test_the_page_shows_the_verdict_and_figures_that_are_there(committed):
    _, folder, report = committed
    page = (folder / "report.md").read_text()
    assert report.verdict.status.value in page
    figures = re.findall(r"figures/[\w.]+\.png", page)
    assert len(figures) >= 12
    assert all((folder / figure).is_file() for figure in figures)


def test_no_trajectory_is_committed(repository):
    assert not list((repository / "reports").rglob("*.dcd"))


def test_the_comparison_names_every_student_and_its_verdict(repository):
    page = (repository / "reports/README.md").read_text()
    table = json.loads((repository / "reports/comparison.json").read_text())
    for name in STUDENTS:
        folder = repository / "reports" / name
        report = ValidationReport.from_json((folder / "report.json").read_text())
        assert f"({name}/report.md)" in page
        assert report.verdict.status.value in page
    assert len(table["models"]) == len(STUDENTS)


def test_the_readme_shows_the_dashboard_of_the_committed_report(repository):
    folder = repository / "reports/original"
    report = ValidationReport.from_json((folder / "report.json").read_text())
    text = dashboard_text(report, report_path="reports/original/report.md")
    assert text in (repository / "README.md").read_text()


def test_the_benchmark_measured_the_shipped_students(repository):
    path = repository / "reports/benchmarks/md_performance_results.json"
    entries = json.loads(path.read_text())["entries"]
    measured = {(entry["model"], entry["system"]) for entry in entries}
    systems = ("water", "methane", "alanine")
    assert measured == {(f"student:{name}", s) for name in STUDENTS for s in systems}
    for entry in entries:
        weights = shipped_path(entry["model"].removeprefix("student:")).read_bytes()
        assert entry["sha256"] == hashlib.sha256(weights).hexdigest()
        assert entry["openmm_ms_per_step"]["median"] > 0
    assert list(path.parent.glob("*.png"))
