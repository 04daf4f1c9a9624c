"""What is kept of a run, and the dashboard in a page."""

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline.publish import dashboard_text, publish_run, put_dashboard
from openmm_mlff.records import (
    CheckResult,
    ModelRecord,
    Scope,
    Status,
    ValidationReport,
    Verdict,
    VerdictStatus,
)
from openmm_mlff.rundir import write_text


@pytest.fixture
def report():
    result = CheckResult(
        id="speed",
        group="performance",
        system="water",
        status=Status.PASS,
        value=1.25,
        unit="ms/step",
        threshold=100.0,
        message="On water, a step takes 1.25 ms/step.",
    )
    scope = Scope(
        elements=("H", "O"),
        systems=("water",),
        temperatures_kelvin=(300.0,),
        max_timestep_fs=0.5,
        duration_ps=10.0,
        platform="Reference",
        precision="mixed",
    )
    return ValidationReport(
        model=ModelRecord(spec="student:x", name="x", sha256="0" * 64, n_parameters=5),
        protocol={"name": "standard"},
        environment={},
        systems=("water",),
        checks=(result,),
        verdict=Verdict(
            status=VerdictStatus.APPROVED, reasons=("all passed",), recommendation="go", scope=scope
        ),
    )


def test_small_files_are_kept_and_trajectories_are_not(report, tmp_path):
    run, folder = tmp_path / "run", tmp_path / "kept"
    write_text(run / "report.json", report.to_json())
    for name in ("report.md", "run.json", "figures/a.png", "water/nve_r0/energies.csv"):
        write_text(run / name, name)
    for name in ("water/nve_r0/trajectory.dcd", "water/nve_r0/state.xml"):
        write_text(run / name, "large")
    write_text(folder / "stale.txt", "of an earlier run")
    assert publish_run(run, folder) == report
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert kept == {
        "report.json",
        "report.md",
        "run.json",
        "figures/a.png",
        "water/nve_r0/energies.csv",
    }


def test_the_dashboard_goes_between_the_markers_again_and_again(report, tmp_path):
    page = tmp_path / "README.md"
    write_text(page, "# t\n<!-- dashboard: begin -->\nold\n<!-- dashboard: end -->\nrest\n")
    text = dashboard_text(report, report_path="report.md")
    for _ in range(2):
        put_dashboard(page, text)
    written = page.read_text()
    assert "APPROVED" in text
    assert written.count(text) == 1
    assert "old" not in written
    assert written.endswith("\nrest\n")
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_page_without_markers_is_refused(tmp_path):
    write_text(tmp_path / "p.md", "nothing")
    with pytest.raises(RunDirectoryError, match="lacks the markers"):
        put_dashboard(tmp_path / "p.md", "text")
