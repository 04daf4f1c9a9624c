"""The committed results came from this code: same checks, same weights, same thresholds."""

import hashlib
import json

import pytest
from pages import PUBLISHED_FILES, dashboard_text

from openmm_mlff.checks.registry import select
from openmm_mlff.config import load_protocol
from openmm_mlff.results import Status, ValidationReport, VerdictStatus
from openmm_mlff.students.loading import load_checkpoint
from openmm_mlff.students.shipped import shipped_path

STUDENTS = ("original", "tiny", "ultra-tiny")
SYSTEMS = ("water", "methane", "alanine")


def load(folder):
    return ValidationReport.from_json((folder / "report.json").read_text())


def reports_in(*folders):
    """Return a fixture: the name, folder and report of each student in these folders."""

    @pytest.fixture(params=[f"{folder}/{name}" for folder in folders for name in STUDENTS])
    def committed(request, repository):
        folder = repository / request.param
        return folder.name, folder, load(folder)

    return committed


shipped = reports_in("reports")
published = reports_in("reports/mlff-distiller")
committed = reports_in("reports", "reports/mlff-distiller")


def test_the_checks_are_those_of_the_registry(committed):
    _, _, report = committed
    selected = [spec.id for spec, _ in select(load_protocol("standard"))]
    for system in SYSTEMS:
        assert [result.id for result in report.checks if result.system == system] == selected


def test_the_protocol_is_the_one_of_today(committed):
    _, _, report = committed
    assert report.protocol == load_protocol("standard").model_dump(mode="json")


def test_the_weights_are_the_shipped_ones(shipped):
    name, folder, report = shipped
    run = json.loads((folder / "run.json").read_text())
    weights = hashlib.sha256(shipped_path(name).read_bytes()).hexdigest()
    assert run["fingerprints"]["potential"]["files"] == {report.model.spec: weights}


def test_the_weights_are_the_published_ones(published, seed_students):
    name, folder, _ = published
    run = json.loads((folder / "run.json").read_text())
    weights = (seed_students / PUBLISHED_FILES[name]).read_bytes()
    hashes = run["fingerprints"]["potential"]["files"].values()
    assert list(hashes) == [hashlib.sha256(weights).hexdigest()]


def test_no_shipped_student_fails_on_its_surface(shipped):
    _, _, report = shipped
    surface = [result for result in report.checks if result.group == "surface"]
    assert surface
    assert not [result.id for result in surface if result.status is Status.FAIL]


def test_the_published_students_are_rejected_for_their_surface(published):
    _, _, report = published
    assert report.verdict.status is VerdictStatus.REJECTED
    named = {reason.check for reason in report.verdict.claims.sound.reasons}
    assert {"rotation_invariance", "cutoff_continuity"} <= named


def test_the_published_students_have_no_reference_and_say_why(published):
    _, _, report = published
    for check_id in ("force_accuracy", "energy_accuracy", "geometry_accuracy"):
        results = [result for result in report.checks if result.id == check_id]
        assert [result.status for result in results] == [Status.SKIPPED] * len(SYSTEMS)
        assert all("GFN2-xTB is not their teacher" in result.message for result in results)


def test_the_page_shows_the_verdict(committed):
    _, folder, report = committed
    assert report.verdict.status.value in (folder / "report.md").read_text()


def test_no_trajectory_is_committed(repository):
    assert not list((repository / "reports").rglob("*.dcd"))


@pytest.mark.parametrize("folder", ["reports", "reports/mlff-distiller"])
def test_the_comparison_names_every_student_and_its_verdict(repository, folder):
    page = (repository / folder / "README.md").read_text()
    table = json.loads((repository / folder / "comparison.json").read_text())
    for name in STUDENTS:
        report = load(repository / folder / name)
        assert f"({name}/report.md)" in page
        assert report.verdict.status.value in page
    assert len(table["models"]) == len(STUDENTS)


def test_the_first_steps_show_the_dashboard_of_the_committed_report(repository):
    report = load(repository / "reports/original")
    text = dashboard_text(report, report_path="reports/original/report.md")
    assert text in (repository / "docs/reading-a-report.md").read_text()


BENCHMARK_SYSTEMS = ("water", "benzene")


def test_the_benchmark_measured_students_of_the_shipped_sizes(repository):
    path = repository / "reports/benchmarks/md_performance_results.json"
    entries = json.loads(path.read_text())["entries"]
    measured = {(entry["model"], entry["system"]) for entry in entries}
    assert measured == {(f"student:{name}", s) for name in STUDENTS for s in BENCHMARK_SYSTEMS}
    for entry in entries:
        # How long a step takes does not depend on the values of the weights.
        shipped = load_checkpoint(shipped_path(entry["model"].removeprefix("student:")))
        assert entry["n_parameters"] == shipped.n_parameters
        assert entry["openmm_ms_per_step"]["median"] > 0
    assert list(path.parent.glob("*.png"))
