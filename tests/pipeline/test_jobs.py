"""Systems side by side: the same results, a process and a working folder for each."""

import os
import shlex
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import ConfigError, MoleculeError, RunDirectoryError
from openmm_mlff.isolation import isolation_limits
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.isolated import CancelledError, IsolatedValidation
from openmm_mlff.pipeline.opening import open_validation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.locks import FolderLock
from openmm_mlff.storage.run_directory import RUN_FILE, read_json

from .command_line import start_command_line, wait_for_files

PROTOCOL = """
extends = "quick"
name = "lanes"
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
SYSTEMS = ("water", "methane")


@pytest.fixture
def protocol(tmp_path):
    path = tmp_path / "lanes.toml"
    path.write_text(PROTOCOL, encoding="utf-8")
    return str(path)


def request_for(protocol, output, **changes):
    asked = {
        "potential": "student:ultra-tiny",
        "systems": SYSTEMS,
        "protocol": protocol,
        "reference": "none",
        "platform": "Reference",
        "output": output,
    }
    return ValidationRequest(**(asked | changes))


def test_side_by_side_gives_what_one_after_the_other_does(protocol, tmp_path):
    told, reports = [], {}
    for jobs in (1, 2):
        validation = IsolatedValidation(
            request_for(protocol, tmp_path / f"{jobs}"),
            limits=isolation_limits(sandbox=True),
            jobs=jobs,
        )
        report = validation.run(on_progress=lambda *at: told.append(at))
        reports[jobs] = [
            (one.system, one.id, one.status, one.value, one.message) for one in report.checks
        ]
        run = read_json(tmp_path / f"{jobs}" / RUN_FILE)
        assert (run["status"], run["environment"]["platform"]) == ("complete", "Reference")
    assert reports[1] == reports[2]
    for system in SYSTEMS:
        streams = [
            next((tmp_path / f"{jobs}" / system).glob("*/trajectory.dcd")).read_bytes()
            for jobs in (1, 2)
        ]
        assert streams[0] == streams[1]
        assert told.count((system, "finished", 1, 1)) == 2
    # One after the other, water has ended when methane begins; side by side it has not.
    begun = [
        told.index(at) for at in ((SYSTEMS[0], "finished", 1, 1), ("methane", "minimise", 0, 1))
    ]
    assert begun == sorted(begun)


def test_a_crash_costs_each_system_its_own_check(protocol, tmp_path, monkeypatch):
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from hostile import write_calculator
    finally:
        sys.path.pop(0)
    write_calculator(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    other = tmp_path / "other.xyz"
    load_system("water").to_ase().write(other)
    report = mlff.validate(
        "ase:hostile_calculator:Hostile?deed=segfault&when=pair",
        systems=["water", str(other)],
        protocol=protocol,
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
        sandbox=True,
        jobs=2,
    )
    found = {(one.system, one.id): one for one in report.checks}
    for system in ("water", "other"):
        broken = found.pop((system, "size_extensivity"))
        assert broken.status is Status.ERROR
        assert "ended by SIGSEGV (segmentation fault) on platform Reference" in broken.message
    assert {one.status for one in found.values()} == {Status.PASS}


FILE_CALCULATOR = """
import os
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

SCALE = float(np.load("scale.npy"))


class Exchange(Calculator):
    \"\"\"Springs; the input goes through a file of the working folder.\"\"\"

    implemented_properties = ["energy", "forces"]

    def __init__(self, scale="", **options):
        super().__init__(**options)
        assert np.load(scale) == np.load("scale.npy") == SCALE
        self.rest = None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        elements = set(self.atoms.numbers)
        if os.path.exists("elements.npy"):
            assert set(np.load("elements.npy")) == elements, "the input of another system"
        np.save("elements.npy", sorted(elements))
        np.save("positions.npy", self.atoms.positions)
        positions = np.load("positions.npy")
        if self.rest is None:
            self.rest = positions.mean(axis=0)
        apart = positions - self.rest
        self.results = {"energy": SCALE * (apart**2).sum(), "forces": -2.0 * SCALE * apart}
"""


def test_a_calculator_that_goes_through_files_does_not_mix_systems(protocol, tmp_path, monkeypatch):
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "exchange.py").write_text(FILE_CALCULATOR, encoding="utf-8")
    np.save(folder / "scale.npy", 0.1)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend("")
    validation = IsolatedValidation(
        request_for(protocol, Path("out"), potential="ase:exchange:Exchange?scale=scale.npy"),
        limits=isolation_limits(sandbox=True),
        jobs=2,
    )
    report = validation.run(on_progress=lambda *_: None)
    assert {one.status for one in report.checks if one.id == "determinism"} == {Status.PASS}
    assert not [one.message for one in report.checks if one.status is Status.ERROR]
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".npy") == ["scale.npy"]
    assert validation.root == Path("out")
    assert (folder / "out" / "report.json").is_file()


@pytest.mark.parametrize("failing", [0, 1])
def test_what_one_system_raises_ends_the_others(protocol, tmp_path, monkeypatch, failing):
    validation = IsolatedValidation(
        request_for(protocol, tmp_path / "out"), limits=isolation_limits(sandbox=True), jobs=2
    )

    def run(name, **_):
        if name == SYSTEMS[failing]:
            raise MoleculeError("no such atom")
        assert validation._cancelled.wait(60.0)
        raise CancelledError

    monkeypatch.setattr(validation, "_run_system", run)
    with pytest.raises(MoleculeError, match="no such atom"):
        validation.run(on_progress=lambda *_: None)
    FolderLock(tmp_path / "out").release()


def test_the_folder_is_held_from_the_start_to_the_end(protocol, tmp_path):
    validation = IsolatedValidation(
        request_for(protocol, tmp_path / "out", systems=("water",)),
        limits=isolation_limits(sandbox=True),
    )
    with pytest.raises(RunDirectoryError, match=rf"in use by another run \(process {os.getpid()}"):
        FolderLock(tmp_path / "out")
    validation.close()
    FolderLock(tmp_path / "out").release()


def test_more_than_one_job_needs_processes(protocol, tmp_path):
    output = tmp_path / "out"
    with pytest.raises(ConfigError, match=r"--jobs 2 and no sandbox"):
        open_validation(request_for(protocol, output, sandbox=False, jobs=2))
    with pytest.raises(ConfigError, match=r"--jobs 0; expected 1 or more"):
        open_validation(request_for(protocol, output, jobs=0))
    assert not (tmp_path / "out").exists()


def test_memory_that_nobody_set_is_shared_by_the_workers():
    whole = isolation_limits(sandbox=True)
    assert whole.for_one_of(4).memory_limit_gib == whole.memory_limit_gib / 4
    set_by_the_user = isolation_limits(sandbox=True, memory_limit_gib=2.0)
    assert set_by_the_user.for_one_of(4).memory_limit_gib == 2.0


@pytest.mark.slow
def test_ctrl_c_ends_every_worker_and_resume_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("long.toml").write_text(PROTOCOL.replace("_ps = 0.05", "_ps = 0.6"), encoding="utf-8")
    asked = ["validate", "student:ultra-tiny", "-s", "water", "-s", "methane", "-j", "2"]
    asked += ["--protocol", "long.toml", "--platform", "Reference", "--reference", "none"]
    process = start_command_line(asked)
    root = Path("runs/ultra-tiny-lanes")
    states = [root / system / "nve_300K_0.5fs_r0/state.xml" for system in SYSTEMS]
    workers = wait_for_files(process, states)
    assert len(workers) >= 3
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    command = shlex.split(said.splitlines()[-1].partition("to go on: ")[2])
    assert command[-1] == "--resume"
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    with pytest.raises(SystemExit) as stopped:
        main(command[1:])
    assert stopped.value.code == 3, capsys.readouterr().err
    assert read_json(root / RUN_FILE)["status"] == "complete"
