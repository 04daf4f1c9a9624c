"""Whole runs, short: what is written, what a broken stage leaves, what resuming does."""

import ctypes
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.registry import select
from openmm_mlff.cli import main
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, PotentialError, RunDirectoryError
from openmm_mlff.measuring import trajectories
from openmm_mlff.measuring.shared import SHARED
from openmm_mlff.pipeline import validate
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ClaimStatus, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import RunDirectory, read_json

from ..springs import write_torchscript

HEALTHY = "student:tiny"


def run(potential, protocol, output, **options):
    options = {"systems": ["water"], "platform": "Reference"} | options
    return validate(potential, protocol=protocol, output=output, **options)


def by_id(report):
    return {result.id: result for result in report.checks}


@pytest.fixture(scope="module")
def healthy_run(short_protocol, tmp_path_factory):
    """A shipped student against its teacher; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("healthy") / "out"
    return run(HEALTHY, short_protocol, folder), folder


def test_a_healthy_model_shows_no_failure_and_quick_does_not_approve_it(healthy_run):
    report, folder = healthy_run
    bad = {Status.FAIL, Status.ERROR}
    assert not [result.message for result in report.checks if result.status in bad]
    found = by_id(report)
    for name in ("export_parity", "openmm_parity", "determinism", "stability", "force_accuracy"):
        assert found[name].status is Status.PASS
    assert report.verdict.status is VerdictStatus.INCONCLUSIVE
    assert report.exit_code == 3
    assert judge_directory(RunDirectory.open(folder)) == report


def test_the_run_directory_holds_what_was_asked_and_found(healthy_run):
    report, folder = healthy_run
    asked = read_json(folder / "run.json")
    assert asked["status"] == "complete"
    assert asked["spec"]["protocol"]["dynamics"]["duration_ps"] == 0.05
    assert ValidationReport.from_json((folder / "report.json").read_text()) == report
    assert "# " in (folder / "report.md").read_text()
    assert "<h1" in (folder / "report.html").read_text(encoding="utf-8")
    assert not (folder / "figures").exists()
    rows = (folder / "water/nve_300K_0.5fs_r0/energies.csv").read_text().splitlines()
    assert rows[0] == "step,time_ps,potential_eV,kinetic_eV,total_eV,temperature_K"
    assert len(rows) > 6


def test_replicas_and_temperatures_are_one_batch_and_are_judged_apart(healthy_run):
    report, folder = healthy_run
    records = [read_json(path) for path in sorted(folder.glob("water/nve_*/run.json"))]
    assert [record["replicas"] for record in records] == [4] * 4
    assert [record["replica"] for record in records] == [0, 1] * 2
    assert {record["status"] for record in records} == {"complete"}
    stable = [check for check in report.checks if check.id == "stability"]
    assert [check.condition["temperature_kelvin"] for check in stable] == [200.0, 300.0]
    assert all("in each of 2 runs" in check.message for check in stable)
    # A step takes the time of the whole batch.
    assert by_id(report)["speed"].value > 2.0 * min(records[0]["ms_per_step_blocks"])


def test_a_second_start_needs_resume_which_changes_nothing(healthy_run, short_protocol):
    report, folder = healthy_run
    with pytest.raises(RunDirectoryError, match="add --resume"):
        run(HEALTHY, short_protocol, folder)
    energies = folder / "water/nve_300K_0.5fs_r0/energies.csv"
    before = energies.read_bytes(), energies.stat().st_mtime_ns
    again = run(HEALTHY, short_protocol, folder, resume=True)
    assert (energies.read_bytes(), energies.stat().st_mtime_ns) == before
    assert {r.id: r.status for r in again.checks} == {r.id: r.status for r in report.checks}


CAP_DAC_OVERRIDE = 1


@pytest.fixture
def locked(healthy_run):
    """A finished run that may be read and not written, not even by root."""
    libc = ctypes.CDLL(None)
    # See capset(2): version and thread; effective, permitted and inheritable, of two words each.
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, sets)
    effective = sets[0]
    sets[0] &= ~(1 << CAP_DAC_OVERRIDE)
    if libc.capset(header, sets):
        pytest.skip("this process may write anywhere, and cannot give that up")
    _, folder = healthy_run
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)
    sets[0] = effective
    libc.capset(header, sets)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("judge {run}", 2),
        ("validate student:ultra-tiny -s water --output {run}/new", 2),
        (
            "validate student:tiny -s water --protocol {protocol} --platform Reference "
            "--output {run} --resume",
            2,
        ),
        ("export student:ultra-tiny {run}/out.pt --system water", 2),
        ("benchmark student:ultra-tiny --system water --output {run}/benchmark", 2),
        ("judge {run} --no-write --quiet", 3),
    ],
)
def test_a_folder_that_may_not_be_written_is_refused_in_one_line(
    locked, short_protocol, tmp_path, monkeypatch, capsys, arguments, code
):
    monkeypatch.chdir(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in locked.rglob("*")}
    with pytest.raises(SystemExit) as stopped:
        main(arguments.format(run=locked, protocol=short_protocol).split())
    said = capsys.readouterr().err.strip()
    assert stopped.value.code == code, said
    assert said.count("\n") == 0
    if code == 2:
        assert str(locked) in said
        assert "Permission denied" in said
    assert {path: path.stat().st_mtime_ns for path in locked.rglob("*")} == before


def test_a_model_that_tears_molecules_is_rejected(random_student, brief_protocol, tmp_path):
    protocol = brief_protocol("export_parity", "openmm_parity", "stability", "force_accuracy")
    report = run(random_student, protocol, tmp_path / "out", reference="none")
    assert report.verdict.status is VerdictStatus.REJECTED
    assert report.exit_code == 1
    assert "stability" in {reason.check for reason in report.verdict.claims.sound.reasons}
    found = by_id(report)
    assert found["stability"].status is Status.FAIL
    # Export and OpenMM carry a bad model as faithfully as a good one.
    assert found["export_parity"].status is Status.PASS
    assert found["openmm_parity"].status is Status.PASS
    # Without a reference, accuracy is not asked.
    accuracy = found["force_accuracy"]
    assert (accuracy.status, accuracy.required) == (Status.SKIPPED, True)
    assert "no reference was requested" in accuracy.message
    assert report.verdict.claims.accurate.status is ClaimStatus.NOT_ASKED


def test_what_breaks_is_an_error_the_others_go_on_and_what_was_written_stays(
    brief_protocol, tmp_path, monkeypatch
):
    def broken(_subject):
        raise RuntimeError("planted")

    original = trajectories.run_trajectory

    def broken_late(*arguments, on_progress, **options):
        def stop_late(done, total):
            if done > total // 2:
                raise RuntimeError("planted in mid-run")

        original(*arguments, on_progress=stop_late, **options)

    monkeypatch.setitem(SHARED, "noise", replace(SHARED["noise"], measure=broken))
    monkeypatch.setattr(trajectories, "run_trajectory", broken_late)
    protocol = brief_protocol("openmm_parity", "rotation_invariance", "stability")
    file = write_torchscript(tmp_path)
    report = run(file, protocol, tmp_path / "out", reference="none")
    found = by_id(report)
    for check, _ in select(load_protocol(protocol)):
        if "noise" in check.needs:
            assert found[check.id].status is Status.ERROR
            assert "planted" in found[check.id].evidence["traceback"]
    assert found["rotation_invariance"].status is Status.ERROR
    assert found["openmm_parity"].status is Status.PASS
    assert report.verdict.status is not VerdictStatus.APPROVED
    assert found["stability"].status is Status.ERROR
    assert "planted in mid-run" in found["stability"].message
    observed = load_evidence(RunDirectory.open(tmp_path / "out"), "water")
    assert len(observed.runs[0].energies.time_ps) > 0
    assert np.isfinite(observed.runs[0].energies.total_ev).all()


SILANE = (
    "5\n\nSi 0 0 0\nH 0.85 0.85 0.85\nH -0.85 -0.85 0.85\nH -0.85 0.85 -0.85\nH 0.85 -0.85 -0.85\n"
)


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"systems": []}, ConfigError, "no system was given"),
        ({"systems": ["water", "water"]}, ConfigError, "is given twice"),
        ({"precision": "half"}, ConfigError, "--precision half: expected"),
        ({"reference": "ase:ase:Atoms"}, PotentialError, "not an ASE calculator"),
        ({"systems": ["silane.xyz"]}, PotentialError, "does not support Si"),
        ({"replicas": 0}, ConfigError, "replicas 0: expected a value"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(
    random_student, short_protocol, tmp_path, monkeypatch, options, error, expected
):
    (tmp_path / "silane.xyz").write_text(SILANE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=expected):
        run(random_student, short_protocol, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_new_runs_take_new_folders(random_student, short_protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = ValidationRequest(
        potential=random_student, systems=["water"], protocol=short_protocol, reference="none"
    )
    roots = [str(prepare(request).directory.root) for _ in range(2)]
    assert roots == ["runs/random-short", "runs/random-short-2"]
