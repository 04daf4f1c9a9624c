"""Whole runs, short: what is written, what a broken stage leaves, what resuming does."""

import json
from dataclasses import replace

import numpy as np
import pytest

import openmm_mlff as mlff
from openmm_mlff.checks.registry import select
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, PotentialError, RunDirectoryError
from openmm_mlff.measuring import trajectories
from openmm_mlff.measuring.shared import SHARED
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ClaimStatus, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import RunDirectory

GFN2 = "ase:tblite.ase:TBLite?method=GFN2-xTB"
HEALTHY = "student:tiny"


def run(potential, protocol, output, **options):
    options = {"systems": ["water"], "platform": "Reference"} | options
    return mlff.validate(potential, protocol=protocol, output=output, **options)


def by_id(report):
    return {result.id: result for result in report.checks}


@pytest.fixture(scope="module")
def healthy_run(short_protocol, tmp_path_factory):
    """A shipped student against its teacher; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("healthy") / "out"
    return run(HEALTHY, short_protocol, folder), folder


def test_a_healthy_model_shows_no_failure_and_no_error(healthy_run):
    report, _ = healthy_run
    bad = {Status.FAIL, Status.ERROR}
    assert not [result.message for result in report.checks if result.status in bad]
    found = by_id(report)
    for name in ("export_parity", "openmm_parity", "determinism", "stability", "force_accuracy"):
        assert found[name].status is Status.PASS


def test_a_protocol_that_may_not_approve_does_not(healthy_run):
    assert healthy_run[0].verdict.status is VerdictStatus.INCONCLUSIVE
    assert healthy_run[0].exit_code == 3


def test_the_teacher_agrees_with_itself(brief_protocol, tmp_path):
    protocol = brief_protocol("export_parity", "stability", "force_accuracy")
    found = by_id(run(GFN2, protocol, tmp_path / "out", reference=GFN2))
    assert found["stability"].status is Status.PASS
    assert found["force_accuracy"].status is Status.PASS
    # Its SCF starts from the last geometry's solution, which leaves 1e-5 of the forces.
    assert found["force_accuracy"].value < 1e-3
    export = found["export_parity"]
    assert (export.status, export.required) == (Status.NOT_APPLICABLE, True)


def test_the_run_directory_holds_what_was_asked_and_found(healthy_run):
    report, folder = healthy_run
    asked = json.loads((folder / "run.json").read_text())
    assert asked["status"] == "complete"
    assert asked["spec"]["protocol"]["dynamics"]["duration_ps"] == 0.05
    assert ValidationReport.from_json((folder / "report.json").read_text()) == report
    assert "# " in (folder / "report.md").read_text()
    assert "<h1" in (folder / "report.html").read_text(encoding="utf-8")
    assert not (folder / "figures").exists()
    rows = (folder / "water/nve_300K_0.5fs_r0/energies.csv").read_text().splitlines()
    assert rows[0] == "step,time_ps,potential_eV,kinetic_eV,total_eV,temperature_K"
    assert len(rows) > 6


def test_judging_again_gives_the_same_report(healthy_run):
    report, folder = healthy_run
    assert judge_directory(RunDirectory.open(folder)) == report
    assert not (folder / "figures").exists()


def test_a_second_start_needs_resume_and_the_same_options(healthy_run, short_protocol):
    _, folder = healthy_run
    with pytest.raises(RunDirectoryError, match="add --resume"):
        run(HEALTHY, short_protocol, folder)
    with pytest.raises(RunDirectoryError, match="asked for differently"):
        run(HEALTHY, short_protocol, folder, seed=2, resume=True)


def test_resuming_a_complete_run_changes_nothing(healthy_run, short_protocol):
    report, folder = healthy_run
    energies = folder / "water/nve_300K_0.5fs_r0/energies.csv"
    before = energies.read_bytes()
    again = run(HEALTHY, short_protocol, folder, resume=True)
    assert energies.read_bytes() == before
    assert {r.id: r.status for r in again.checks} == {r.id: r.status for r in report.checks}


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
    assert "no reference was asked for" in accuracy.message
    assert report.verdict.claims.accurate.status is ClaimStatus.NOT_ASKED


def test_a_measurement_that_breaks_is_an_error_and_the_others_go_on(
    brief_protocol, tmp_path, monkeypatch
):
    def broken(_subject):
        raise RuntimeError("planted")

    monkeypatch.setitem(SHARED, "noise", replace(SHARED["noise"], measure=broken))
    protocol = brief_protocol("openmm_parity", "rotation_invariance", "stability")
    report = run(HEALTHY, protocol, tmp_path / "out", reference="none")
    found = by_id(report)
    for check, _ in select(load_protocol(protocol)):
        if "noise" in check.needs:
            assert found[check.id].status is Status.ERROR
            assert "planted" in found[check.id].evidence["traceback"]
    assert found["rotation_invariance"].status is Status.ERROR
    assert found["openmm_parity"].status is Status.PASS
    assert found["stability"].status is Status.PASS
    assert report.verdict.status is not VerdictStatus.APPROVED


def test_a_simulation_that_breaks_keeps_what_it_wrote(brief_protocol, tmp_path, monkeypatch):
    original = trajectories.run_trajectory

    def broken(*arguments, on_progress, **options):
        def stop_late(done, total):
            if done > total // 2:
                raise RuntimeError("planted in mid-run")

        original(*arguments, on_progress=stop_late, **options)

    monkeypatch.setattr(trajectories, "run_trajectory", broken)
    report = run(HEALTHY, brief_protocol("stability"), tmp_path / "out", reference="none")
    stability = by_id(report)["stability"]
    assert stability.status is Status.ERROR
    assert "planted in mid-run" in stability.message
    observed = load_evidence(RunDirectory.open(tmp_path / "out"), "water")
    assert len(observed.runs[0].energies.time_ps) > 0
    assert np.isfinite(observed.runs[0].energies.total_ev).all()


def test_an_interrupted_run_goes_on_where_it_stopped(brief_protocol, tmp_path):
    def interrupt(_system, stage, done, total):
        if stage.startswith("NVE") and done > total // 2:
            raise KeyboardInterrupt

    protocol = brief_protocol("stability")
    with pytest.raises(KeyboardInterrupt):
        run(HEALTHY, protocol, tmp_path / "out", reference="none", on_progress=interrupt)
    report = run(HEALTHY, protocol, tmp_path / "out", reference="none", resume=True)
    assert by_id(report)["stability"].status is Status.PASS
    whole = run(HEALTHY, protocol, tmp_path / "whole", reference="none")
    assert by_id(whole)["stability"].status is Status.PASS
    stream = "water/nve_300K_0.5fs_r0/energies.csv"
    assert (tmp_path / "out" / stream).read_text() == (tmp_path / "whole" / stream).read_text()


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"systems": []}, ConfigError, "no system was named"),
        ({"systems": ["water", "water"]}, ConfigError, "named twice"),
        ({"precision": "half"}, ConfigError, "--precision half: expected"),
        ({"reference": "ase:ase:Atoms"}, PotentialError, "not an ASE calculator"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(
    random_student, short_protocol, tmp_path, options, error, expected
):
    with pytest.raises(error, match=expected):
        run(random_student, short_protocol, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_an_element_that_the_model_does_not_know_is_refused(
    random_student, short_protocol, tmp_path
):
    silane = tmp_path / "silane.xyz"
    silane.write_text(
        "5\n\nSi 0 0 0\nH 0.85 0.85 0.85\nH -0.85 -0.85 0.85\n"
        "H -0.85 0.85 -0.85\nH 0.85 -0.85 -0.85\n"
    )
    with pytest.raises(PotentialError, match="does not know Si"):
        run(random_student, short_protocol, tmp_path / "out", systems=[str(silane)])


def test_new_runs_take_new_folders(random_student, short_protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    roots = []
    for _ in range(2):
        plan = prepare(
            ValidationRequest(
                potential=random_student,
                systems=["water"],
                protocol=short_protocol,
                reference="none",
                platform="auto",
                precision="mixed",
                seed=1,
                output=None,
                resume=False,
            )
        )
        roots.append(str(plan.directory.root))
    assert roots == ["runs/random-short", "runs/random-short-2"]
