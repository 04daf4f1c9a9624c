"""What a potential does to its own process costs its own check, and is named."""

import importlib.util
import json
import os
import shlex
import signal
import sys
from pathlib import Path

import psutil
import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import ConfigError, IsolationError, MoleculeError
from openmm_mlff.isolation import Limits, isolation_limits
from openmm_mlff.measuring.journal import History
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import RunDirectory

from .command_line import start_command_line, wait_for_files

PROTOCOL = """
extends = "quick"
name = "hostile"
reported = []
required = ["determinism", "stability", "rotation_invariance", "size_extensivity"]
[dynamics]
equilibration_ps = 0.01
duration_ps = 0.05
longest_ps = 0.05
[probes]
repeats = 3
rotations = 2
thermal_frames = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""
MEMORY_GIB = 1.5
TIME_S = 4.0

POTENTIALS = Path(__file__).with_name("hostile.py")


@pytest.fixture(scope="session")
def hostile():
    spec = importlib.util.spec_from_file_location("hostile_potentials", POTENTIALS)
    module = importlib.util.module_from_spec(spec)
    # TorchScript looks for the source of what it compiles.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def protocol(tmp_path):
    path = tmp_path / "hostile.toml"
    path.write_text(PROTOCOL, encoding="utf-8")
    return str(path)


@pytest.fixture
def calculator(hostile, tmp_path, monkeypatch):
    """Give the spec string of a calculator that does something when it is time."""
    hostile.write_calculator(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda deed, when: f"ase:hostile_calculator:Hostile?deed={deed}&when={when}"


def validate(potential, protocol, output, **options):
    given = {
        "systems": ["water"],
        "platform": "Reference",
        "reference": "none",
        "sandbox": True,
        "time_limit_s": 240.0,
        "memory_limit_gib": MEMORY_GIB,
    }
    report = mlff.validate(potential, protocol=protocol, output=output, **(given | options))
    return {result.id: result for result in report.checks}


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", "ended by SIGSEGV (segmentation fault)"),
        ("leave", "exited with code 0 on platform Reference"),
        ("ask_to_leave", "it asked to leave the process: SystemExit: 0"),
    ],
)
def test_a_deed_costs_its_own_check(calculator, protocol, tmp_path, deed, words):
    found = validate(calculator(deed, "pair"), protocol, tmp_path / "out")
    broken = found.pop("size_extensivity")
    assert broken.status is Status.ERROR
    assert words in broken.message
    assert {result.status for result in found.values()} == {Status.PASS}
    assert (tmp_path / "out/report.md").read_text(encoding="utf-8").count(words)


def test_its_last_words_are_kept(calculator, protocol, tmp_path):
    found = validate(calculator("abort", "pair"), protocol, tmp_path / "out")
    assert "ended by SIGABRT (abort) on platform Reference" in found["size_extensivity"].message
    trace = found["size_extensivity"].evidence["traceback"]
    assert "cannot go on" in trace
    assert "Fatal Python error: Aborted" in trace
    assert "hostile_calculator.py" in trace


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("Crashing", "ended by SIGSEGV (segmentation fault)"),
        ("Growing", "needed more than 1.5 GiB of memory"),
        ("Looping", "took longer than 4 s without a sign of progress"),
    ],
)
def test_a_torchscript_file_is_no_better(hostile, protocol, tmp_path, program, words):
    file = hostile.write_torchscript(getattr(hostile, program)(3), tmp_path / "hostile.pt")
    # A busy machine takes its time to fill the memory.
    time_s = TIME_S if program == "Looping" else 240.0
    found = validate(file, protocol, tmp_path / "out", time_limit_s=time_s)
    broken = found.pop("size_extensivity")
    assert broken.status is Status.ERROR
    assert words in broken.message
    assert {result.status for result in found.values()} == {Status.PASS}


def test_a_crash_in_minimisation_is_an_error_with_signal_and_platform(
    calculator, protocol, tmp_path, capsys
):
    hydrogen_sulfide = load_system("water").to_ase()
    hydrogen_sulfide.numbers[0] = 16
    other = tmp_path / "other.xyz"
    hydrogen_sulfide.write(other)
    potential = calculator("segfault", "minimising") + "&element=8"
    arguments = ["validate", potential, "--system", "water", "--system", str(other)]
    arguments += ["--protocol", protocol, "--reference", "none", "--jobs", "1", "--json"]
    arguments += ["--platform", "Reference", "--output", str(tmp_path / "out"), "--sandbox"]
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 3
    report = json.loads(capsys.readouterr().out)
    found = {(check["system"], check["id"]): check for check in report["checks"]}
    words = "ended by SIGSEGV (segmentation fault) on platform Reference"
    ids = ("determinism", "stability", "rotation_invariance", "size_extensivity")
    for check in ids:
        broken = found["water", check]
        assert broken["status"] == "ERROR"
        assert words in broken["message"]
        assert "hostile_calculator.py" in broken["evidence"]["traceback"]
        assert found["other", check]["status"] == "PASS"
    assert len(found) == 2 * len(ids)
    # The stage that the crash broke; no other one was begun by it.
    directory = RunDirectory(tmp_path / "out")
    assert MeasurementStore(directory.system("water")).read("minimum").reason == words
    assert directory.run_names("water") == []


def test_a_crash_in_a_run_costs_what_the_run_is_for(calculator, protocol, tmp_path, monkeypatch):
    found = validate(calculator("segfault", "running"), protocol, tmp_path / "out")
    assert found["stability"].status is Status.ERROR
    assert "ended by SIGSEGV (segmentation fault)" in found["stability"].message
    del found["stability"]
    assert {result.status for result in found.values()} == {Status.PASS}
    monkeypatch.setenv("MENDED", "1")
    potential = calculator("segfault", "running")
    found = validate(potential, protocol, tmp_path / "out", resume=True)
    assert {result.status for result in found.values()} == {Status.PASS}


def test_a_file_that_crashes_when_it_is_first_asked_is_refused(hostile, tmp_path, capsys):
    file = hostile.write_torchscript(hostile.Crashing(0), tmp_path / "hostile.pt")
    with pytest.raises(SystemExit) as stopped:
        main(["validate", file, "--system", "water", "--sandbox", "--output", str(tmp_path / "o")])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "hostile.pt ended by SIGSEGV (segmentation fault) while it was loaded" in line


def test_a_mistake_is_told_as_it_is_without_a_sandbox(tmp_path):
    with pytest.raises(MoleculeError, match="unknown system 'watr': did you mean water"):
        mlff.validate("student:tiny", systems=["watr"], output=tmp_path / "out", sandbox=True)


def test_when_the_whole_takes_too_long_the_rest_is_not_run(calculator, protocol, tmp_path):
    request = ValidationRequest(
        potential=calculator("loop", "pair"),
        # Each has three atoms: only two copies of one are more.
        systems=("water", "smiles:O=C=O"),
        protocol=protocol,
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
    )
    limits = Limits(time_limit_s=600.0, memory_limit_gib=8.0, total_time_limit_s=20.0)
    told = []
    report = IsolatedValidation(request, limits=limits).run(on_progress=lambda *at: told.append(at))
    found = {(result.system, result.id): result for result in report.checks}
    (other,) = {system for system, _ in found} - {"water"}
    assert {found[other, name].status for name in ("stability", "determinism")} == {Status.ERROR}
    assert "the whole took longer than 20 s" in found["water", "size_extensivity"].message
    assert "the whole took longer than 20 s" in found[other, "stability"].message
    assert found["water", "stability"].status is Status.PASS
    assert ("water", "minimise", 1, 1) in told


def test_the_same_report_with_and_without_a_sandbox(protocol, tmp_path):
    def numbers(folder, **options):
        found = validate("student:ultra-tiny", protocol, tmp_path / folder, **options)
        return {name: (one.status, one.value, one.message) for name, one in found.items()}

    without = {"sandbox": False, "time_limit_s": None, "memory_limit_gib": None}
    assert numbers("inside") == numbers("here", **without)


def test_limits_need_a_process_of_its_own():
    with pytest.raises(ConfigError, match=r"a limit of time or memory was given and no sandbox"):
        isolation_limits(sandbox=False, time_limit_s=5.0)
    assert isolation_limits(sandbox=False) is None


LONG = PROTOCOL.replace("_ps = 0.05", "_ps = 1.5")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_that_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("long.toml").write_text(LONG, encoding="utf-8")
    asked = ["validate", "student:ultra-tiny", "-s", "water", "--protocol", "long.toml"]
    asked += ["--platform", "Reference", "--reference", "none"]
    state = Path("runs/ultra-tiny-hostile/water/nve_300K_0.5fs_r0/state.xml")
    process = start_command_line(asked)
    workers = wait_for_files(process, [state])
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    line = said.splitlines()[-1]
    assert line.startswith("openmm-mlff: interrupted; to go on: openmm-mlff validate ")
    # The forkserver and the worker, besides the resource tracker of multiprocessing.
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    command = shlex.split(line.partition("to go on: ")[2])
    assert command == ["openmm-mlff", *asked, "--output", "runs/ultra-tiny-hostile", "--resume"]
    rows = state.with_name("energies.csv").read_text(encoding="utf-8").splitlines()
    with pytest.raises(SystemExit) as stopped:
        main(command[1:])
    assert stopped.value.code == 3, capsys.readouterr().err
    again = state.with_name("energies.csv").read_text(encoding="utf-8").splitlines()
    # Rows after the last saved state are cut off, and come back bit by bit.
    assert again[: len(rows)] == rows
    assert len(again) == 2 + 3000 // 10


def test_a_worker_that_ends_again_and_again_ends_the_run(
    calculator, protocol, tmp_path, monkeypatch
):
    request = ValidationRequest(
        potential=calculator("segfault", "never"),
        systems=("water",),
        protocol=protocol,
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
    )
    limits = Limits(time_limit_s=600.0, memory_limit_gib=8.0)
    validation = IsolatedValidation(request, limits=limits)
    # Killed from outside in between two stages, as by a system that runs out of memory.
    started = []
    take_worker = validation._take_worker

    def take_and_note():
        started.append(take_worker())
        return started[-1]

    def kill(history, event):
        if event["event"] == "begin":
            os.kill(started[-1].pid, signal.SIGKILL)
        return history

    monkeypatch.setattr(validation, "_take_worker", take_and_note)
    monkeypatch.setattr(History, "after_event", kill)
    with pytest.raises(IsolationError, match=r"SIGKILL .* 3 times outside of every check"):
        validation.run(on_progress=lambda *_: None)
