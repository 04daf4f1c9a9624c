"""What a potential does to its own process costs its own check, and is named."""

import json
import os
import signal
import time

import pytest

from openmm_mlff.cli import main
from openmm_mlff.errors import IsolationError, MoleculeError
from openmm_mlff.isolation import Limits
from openmm_mlff.measuring.journal import History
from openmm_mlff.pipeline import validate
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import RunDirectory

from ..springs import write_torchscript
from .hostile import write_protocol

MOVES = ("translation_invariance", "rotation_invariance", "size_extensivity")
GIVEN = {"platform": "Reference", "reference": "none"}


def statuses(report):
    return {(one.system, one.id): one.status for one in report.checks}


@pytest.fixture
def isolated(calculator, tmp_path, monkeypatch):
    """A function that opens a validation with deeds; gives it and a list of its workers."""

    def make(*systems, **deeds):
        request = ValidationRequest(
            potential=calculator(**deeds),
            systems=systems,
            protocol=write_protocol(tmp_path, "size_extensivity"),
            output=tmp_path / "out",
            **GIVEN,
        )
        limits = Limits(time_limit_s=600.0, memory_limit_gib=8.0, total_time_limit_s=600.0)
        validation = IsolatedValidation(request, limits=limits)
        workers, take_worker = [], validation._take_worker

        def take_and_note():
            workers.append(take_worker())
            return workers[-1]

        monkeypatch.setattr(validation, "_take_worker", take_and_note)
        return validation, workers

    return make


def test_each_deed_costs_its_own_check_until_it_is_mended(calculator, other, tmp_path, monkeypatch):
    deeds = {
        "run_trajectory": "segfault",
        "translation_invariance": "ask_to_leave",
        "rotation_invariance": "leave",
        "size_extensivity": "abort",
    }
    asked = {"protocol": write_protocol(tmp_path, *MOVES), "sandbox": True, "jobs": 2}
    asked |= {"systems": ["water", other], "output": tmp_path / "out", **GIVEN}
    report = validate(calculator(**deeds), **asked)
    found = {(one.system, one.id): one for one in report.checks}
    said = {
        "stability": "ended by SIGSEGV (segmentation fault) on platform Reference",
        "translation_invariance": "it tried to exit the process: SystemExit: 0",
        "rotation_invariance": "exited with code 0 on platform Reference",
        "size_extensivity": "ended by SIGABRT (abort) on platform Reference",
    }
    for system in ("water", "other"):
        for check, words in said.items():
            assert found[system, check].status is Status.ERROR
            assert words in found[system, check].message
        trace = found[system, "size_extensivity"].evidence["traceback"]
        for words in ("cannot go on", "Fatal Python error: Aborted", "hostile_calculator.py"):
            assert words in trace
        assert found[system, "determinism"].status is Status.PASS
    markdown = (tmp_path / "out/report.md").read_text(encoding="utf-8")
    assert [words for words in said.values() if words not in markdown] == []

    monkeypatch.setenv("MENDED", "1")
    report = validate(calculator(**deeds), **asked, resume=True)
    assert set(statuses(report).values()) == {Status.PASS}


def test_a_torchscript_file_may_crash_grow_or_loop(tmp_path):
    # Two copies of water, of ammonia, of methane.
    file = write_torchscript(tmp_path, crashes=6, grows=8, loops=10)
    report = validate(
        file,
        systems=["water", "ammonia", "methane"],
        protocol=write_protocol(tmp_path, "size_extensivity"),
        output=tmp_path / "out",
        sandbox=True,
        jobs=1,
        time_limit_s=20.0,
        memory_limit_gib=1.5,
        **GIVEN,
    )
    found = {one.system: one for one in report.checks if one.id == "size_extensivity"}
    assert {one.status for one in found.values()} == {Status.ERROR}
    assert "ended by SIGSEGV (segmentation fault)" in found["water"].message
    assert "needed more than 1.5 GiB of memory" in found["ammonia"].message
    assert "made no progress for 20 s" in found["methane"].message
    others = [status for (_, check), status in statuses(report).items() if check == "determinism"]
    assert others == [Status.PASS] * 3


def test_a_crash_in_minimisation_is_an_error_with_signal_and_platform(
    calculator, other, tmp_path, capsys
):
    potential = calculator(minimise="segfault", element=8)
    arguments = ["validate", potential, "--system", "water", "--system", other, "--jobs", "1"]
    arguments += ["--protocol", write_protocol(tmp_path, "rotation_invariance"), "--json"]
    arguments += ["--reference", "none", "--platform", "Reference", "--sandbox"]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--output", str(tmp_path / "out")])
    assert stopped.value.code == 3
    report = json.loads(capsys.readouterr().out)
    found = {(check["system"], check["id"]): check for check in report["checks"]}
    words = "ended by SIGSEGV (segmentation fault) on platform Reference"
    checks = ("determinism", "stability", "rotation_invariance")
    for check in checks:
        broken = found["water", check]
        assert broken["status"] == "ERROR"
        assert words in broken["message"]
        assert "hostile_calculator.py" in broken["evidence"]["traceback"]
        assert found["other", check]["status"] == "PASS"
    assert len(found) == 2 * len(checks)
    # The stage that the crash broke; no other one was begun by it.
    directory = RunDirectory(tmp_path / "out")
    assert MeasurementStore(directory.system("water")).read("minimum").reason == words
    assert directory.run_names("water") == []


def test_a_file_that_crashes_when_it_is_first_evaluated_is_refused(tmp_path, capsys):
    file = write_torchscript(tmp_path, crashes=3)
    with pytest.raises(SystemExit) as stopped:
        main(["validate", file, "--system", "water", "--sandbox", "--output", str(tmp_path / "o")])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "springs.pt ended by SIGSEGV (segmentation fault) while it was being loaded" in line


def test_a_mistake_is_reported_as_without_a_sandbox(tmp_path):
    with pytest.raises(MoleculeError, match="unknown system 'watr': did you mean water"):
        validate("student:tiny", systems=["watr"], output=tmp_path / "out", sandbox=True)


def test_after_the_total_time_limit_nothing_more_is_run(isolated, other):
    validation, workers = isolated("water", other, size_extensivity="loop")

    def on_progress(system, stage, done, total):
        if stage == "size_extensivity" and len(workers) == 1:
            workers[-1].allow_until(time.monotonic())

    found = {(one.system, one.id): one for one in validation.run(on_progress=on_progress).checks}
    # It is reached in a stage, which is in error as all that follow.
    for one in (("water", "size_extensivity"), ("other", "stability"), ("other", "determinism")):
        assert found[one].status is Status.ERROR
        assert "the validation took longer than 600 s" in found[one].message
    assert found["water", "determinism"].status is Status.PASS


def test_a_worker_that_ends_again_and_again_ends_the_run(isolated, monkeypatch):
    validation, workers = isolated("water")

    def kill(history, event):
        # From outside in between two stages, as by a system that runs out of memory.
        if event["event"] == "begin":
            os.kill(workers[-1].pid, signal.SIGKILL)
        return history

    monkeypatch.setattr(History, "after_event", kill)
    with pytest.raises(IsolationError, match=r"3 times outside of any check .*SIGKILL"):
        validation.run(on_progress=lambda *_: None)
