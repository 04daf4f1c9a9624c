"""Several systems at a time: the same results, a process and a working folder for each."""

import os
import shlex
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from openmm_mlff.cli import main
from openmm_mlff.errors import ConfigError, MoleculeError, RunDirectoryError
from openmm_mlff.isolation import isolation_limits
from openmm_mlff.pipeline.isolated import CancelledError, IsolatedValidation
from openmm_mlff.pipeline.opening import open_validation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.locks import FolderLock
from openmm_mlff.storage.run_directory import RUN_FILE, read_json

from ..programs import COMMAND_LINE
from ..springs import write_torchscript
from .hostile import write_protocol

SYSTEMS = ("water", "other")
RUN = "nve_300K_0.5fs_r0"


@pytest.fixture
def ask(tmp_path, other):
    """A function that makes a request on two systems, with some settings changed."""

    def make(**changes):
        asked = {
            "potential": write_torchscript(tmp_path),
            "systems": ("water", other),
            "protocol": write_protocol(tmp_path, "rotation_invariance", "size_extensivity"),
            "reference": "none",
            "platform": "Reference",
            "output": tmp_path / "out",
        }
        return ValidationRequest(**(asked | changes))

    return make


def isolated(request, *, jobs=1):
    return IsolatedValidation(request, limits=isolation_limits(sandbox=True), jobs=jobs)


def test_in_two_processes_and_in_this_one_it_finds_the_same(ask, tmp_path):
    told, reports = [], []
    for options in ({"sandbox": False}, {"sandbox": True, "jobs": 2}):
        output = tmp_path / str(len(reports))
        validation = open_validation(ask(output=output, **options))
        report = validation.run(on_progress=lambda *at: told.append(at))
        reports.append([(o.system, o.id, o.status, o.value, o.message) for o in report.checks])
        run = read_json(output / RUN_FILE)
        assert (run["status"], run["environment"]["platform"]) == ("complete", "Reference")
    assert reports[0] == reports[1]
    assert len(reports[0]) == 2 * 4
    for system in SYSTEMS:
        streams = [tmp_path / name / system / RUN / "trajectory.dcd" for name in "01"]
        assert streams[0].read_bytes() == streams[1].read_bytes()
        assert told.count((system, "finished", 1, 1)) == 2
        assert told.count((system, "minimisation", 1, 1)) == 2


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


def test_a_calculator_that_goes_through_files_does_not_mix_systems(ask, tmp_path, monkeypatch):
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "exchange.py").write_text(FILE_CALCULATOR, encoding="utf-8")
    np.save(folder / "scale.npy", 0.1)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend("")
    request = ask(potential="ase:exchange:Exchange?scale=scale.npy", output=Path("out"))
    validation = isolated(request, jobs=2)
    report = validation.run(on_progress=lambda *_: None)
    assert {one.status for one in report.checks if one.id == "determinism"} == {Status.PASS}
    assert not [one.message for one in report.checks if one.status is Status.ERROR]
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".npy") == ["scale.npy"]
    assert validation.root == Path("out")
    assert (folder / "out" / "report.json").is_file()


def test_a_plugin_may_be_named_relative_to_the_folder(ask, monkeypatch, tmp_path, repository):
    """A worker changes to a folder of its own once it has loaded what was asked for."""
    own = (repository / "examples" / "own_check.py").read_text(encoding="utf-8")
    (tmp_path / "own.py").write_text(own, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    validation = isolated(ask(systems=("water",), plugins=("own.py",)))
    report = validation.run(on_progress=lambda *_: None, wanted={"water": ["angle_stiffness"]})
    assert [(one.id, one.status) for one in report.checks] == [("angle_stiffness", Status.PASS)]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_one_system_raises_ends_the_others(ask, tmp_path, monkeypatch, failing):
    validation = isolated(ask(), jobs=2)

    def run(name, **_):
        if name == SYSTEMS[failing]:
            raise MoleculeError("no such atom")
        assert validation._cancelled.wait(60.0)
        raise CancelledError

    monkeypatch.setattr(validation, "_run_system", run)
    with pytest.raises(MoleculeError, match="no such atom"):
        validation.run(on_progress=lambda *_: None)
    FolderLock(tmp_path / "out").release()


def test_the_folder_is_held_from_the_start_to_the_end(ask, tmp_path):
    validation = isolated(ask(systems=("water",)))
    with pytest.raises(RunDirectoryError, match=rf"in use by another run \(process {os.getpid()}"):
        FolderLock(tmp_path / "out")
    validation.close()
    FolderLock(tmp_path / "out").release()


def test_more_than_one_job_needs_processes(ask, tmp_path):
    with pytest.raises(ConfigError, match=r"--jobs 2 was given without the sandbox"):
        open_validation(ask(sandbox=False, jobs=2))
    with pytest.raises(ConfigError, match=r"--jobs 0; expected 1 or more"):
        open_validation(ask(jobs=0))
    assert not (tmp_path / "out").exists()


def test_memory_that_nobody_set_is_shared_by_the_workers():
    whole = isolation_limits(sandbox=True)
    assert whole.for_one_of(4).memory_limit_gib == whole.memory_limit_gib / 4
    set_by_the_user = isolation_limits(sandbox=True, memory_limit_gib=2.0)
    assert set_by_the_user.for_one_of(4).memory_limit_gib == 2.0


@pytest.mark.slow
@pytest.mark.usefixtures("other")
def test_the_end_of_a_job_ends_every_worker_and_the_printed_command_resumes(
    programs, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write_protocol(tmp_path, duration_ps=1.0)
    write_torchscript(tmp_path)
    asked = ["validate", "springs.pt", "-s", "water", "-s", "other.xyz", "-j", "2"]
    asked += ["--protocol", "hostile.toml", "--platform", "Reference", "--reference", "none"]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENMM_MLFF_SANDBOX": "1"}
    program = programs.start(COMMAND_LINE, *asked, environment=os.environ | environment)
    states = [Path("runs/springs-hostile") / name / RUN / "state.xml" for name in SYSTEMS]
    program.wait_for(lambda: all(state.exists() for state in states))
    workers = psutil.Process(program.pid).children(recursive=True)
    # The forkserver and the workers, besides the resource tracker of multiprocessing.
    assert len(workers) >= 3
    program.send_signal(signal.SIGTERM)  # Ctrl-C: tests/docs
    ended = program.wait()
    assert ended.returncode == 130
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    line = ended.stderr.splitlines()[-1]
    assert line.startswith("openmm-mlff: interrupted; to resume: openmm-mlff validate ")
    command = shlex.split(line.partition("to resume: ")[2])
    assert command == ["openmm-mlff", *asked, "--output", "runs/springs-hostile", "--resume"]
    streams = [state.with_name("energies.csv") for state in states]
    before = [stream.read_text(encoding="utf-8").splitlines() for stream in streams]
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    with pytest.raises(SystemExit) as stopped:
        main(command[1:])
    assert stopped.value.code == 3, capsys.readouterr().err
    assert read_json(Path("runs/springs-hostile") / RUN_FILE)["status"] == "complete"
    for rows, stream in zip(before, streams, strict=True):
        again = stream.read_text(encoding="utf-8").splitlines()
        # Rows after the last saved state are cut off, and come back bit by bit.
        assert again[: len(rows)] == rows
        assert len(again) == 2 + 2000 // 10
