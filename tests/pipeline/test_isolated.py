"""What a potential does to its own process costs its own check, and is named."""

import importlib.util
import sys
from pathlib import Path

import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import MoleculeError
from openmm_mlff.isolation import Limits
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.request import ValidationRequest
from openmm_mlff.records import Status

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
"""
MEMORY_GIB = 1.5
TIME_S = 5.0

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
        "time_limit_s": TIME_S,
        "memory_limit_gib": MEMORY_GIB,
    }
    report = mlff.validate(potential, protocol=protocol, output=output, **(given | options))
    return {result.id: result for result in report.checks}


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", "ended by signal 11 (segmentation fault)"),
        ("abort", "ended by signal 6 (abort)"),
        ("allocate", "needed more than 1.5 GiB of memory"),
        ("loop", "took longer than 5 s without a sign of progress"),
        ("leave", "left its process with exit code 0"),
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
    trace = found["size_extensivity"].evidence["traceback"]
    assert "cannot go on" in trace
    assert "Fatal Python error: Aborted" in trace
    assert "hostile_calculator.py" in trace


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("Crashing", "ended by signal 11 (segmentation fault)"),
        ("Growing", "needed more than 1.5 GiB of memory"),
        ("Looping", "took longer than 5 s without a sign of progress"),
    ],
)
def test_a_torchscript_file_is_no_better(hostile, protocol, tmp_path, program, words):
    file = hostile.write_torchscript(getattr(hostile, program)(3), tmp_path / "hostile.pt")
    found = validate(file, protocol, tmp_path / "out")
    broken = found.pop("size_extensivity")
    assert broken.status is Status.ERROR
    assert words in broken.message
    assert {result.status for result in found.values()} == {Status.PASS}


def test_a_crash_in_a_run_costs_what_the_run_is_for(calculator, protocol, tmp_path):
    found = validate(calculator("segfault", "running"), protocol, tmp_path / "out")
    assert found["stability"].status is Status.ERROR
    assert "ended by signal 11 (segmentation fault)" in found["stability"].message
    del found["stability"]
    assert {result.status for result in found.values()} == {Status.PASS}


def test_a_file_that_crashes_when_it_is_first_asked_is_refused(hostile, tmp_path, capsys):
    file = hostile.write_torchscript(hostile.Crashing(0), tmp_path / "hostile.pt")
    with pytest.raises(SystemExit) as stopped:
        main(["validate", file, "--system", "water", "--sandbox", "--output", str(tmp_path / "o")])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "hostile.pt ended by signal 11 (segmentation fault) while it was loaded" in line


def test_a_mistake_is_told_as_it_is_without_a_sandbox(tmp_path):
    with pytest.raises(MoleculeError, match="unknown system 'watr': did you mean water"):
        mlff.validate("student:tiny", systems=["watr"], output=tmp_path / "out", sandbox=True)


def test_when_the_whole_takes_too_long_the_rest_is_not_run(calculator, protocol, tmp_path):
    request = ValidationRequest(
        potential=calculator("loop", "pair"),
        systems=("water", "methane"),
        protocol=protocol,
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
    )
    limits = Limits(time_limit_s=60.0, memory_limit_gib=8.0, total_time_limit_s=8.0)
    told = []
    report = IsolatedValidation(request, limits=limits).run(on_progress=lambda *at: told.append(at))
    found = {(result.system, result.id): result for result in report.checks}
    assert {found["methane", name].status for name in ("stability", "determinism")} == {
        Status.ERROR
    }
    assert "the whole took longer than 8 s" in found["water", "size_extensivity"].message
    assert "the whole took longer than 8 s" in found["methane", "stability"].message
    assert found["water", "stability"].status is Status.PASS
    assert ("water", "minimise", 1, 1) in told


def test_the_same_report_with_and_without_a_sandbox(protocol, tmp_path):
    def numbers(folder, **options):
        found = validate("student:ultra-tiny", protocol, tmp_path / folder, **options)
        return {name: (one.status, one.value, one.message) for name, one in found.items()}

    without = {"sandbox": False, "time_limit_s": None, "memory_limit_gib": None}
    assert numbers("inside") == numbers("here", **without)
