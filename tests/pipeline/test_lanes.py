"""Systems side by side: the same results, each its own process, one folder."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import ConfigError, MoleculeError, RunDirectoryError
from openmm_mlff.locking import FolderLock
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.lanes import LaneCancelledError, run_lanes
from openmm_mlff.pipeline.opening import isolation_limits, open_validation
from openmm_mlff.pipeline.request import ValidationRequest
from openmm_mlff.records import Status
from openmm_mlff.rundir import RUN_FILE, read_json

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
        assert "ended by signal 11 (segmentation fault)" in broken.message
    assert {one.status for one in found.values()} == {Status.PASS}


class Stub:
    """A lane that does what a test says."""

    def __init__(self, deed):
        self._deed = deed

    def run(self, systems):
        return {name: self._deed(name) for name in iter_queue(systems)}


def iter_queue(systems):
    while not systems.empty():
        yield systems.get_nowait()


def test_lanes_share_what_is_left():
    cancelled = threading.Event()
    lanes = [Stub(lambda name: name.upper()) for _ in range(2)]
    assert run_lanes(lanes, ["a", "b", "c"], cancelled=cancelled) == {"a": "A", "b": "B", "c": "C"}
    assert not cancelled.is_set()


def test_what_one_lane_raises_ends_the_others():
    cancelled = threading.Event()

    def wait(_):
        assert cancelled.wait(30.0)
        raise LaneCancelledError

    def refuse(_):
        raise MoleculeError("no such atom")

    with pytest.raises(MoleculeError, match="no such atom"):
        run_lanes([Stub(wait), Stub(refuse)], ["a", "b"], cancelled=cancelled)


def test_a_shared_folder_is_closed_to_others(tmp_path):
    first = FolderLock(tmp_path)
    with pytest.raises(RunDirectoryError, match="is in use by another run"):
        FolderLock(tmp_path, shared=True)
    first.share()
    second = FolderLock(tmp_path, shared=True)
    first.release()
    with pytest.raises(RunDirectoryError, match="is in use by another run"):
        FolderLock(tmp_path)
    second.release()
    FolderLock(tmp_path).release()
    first.share()  # Released: there is nothing to share.


def test_more_than_one_job_needs_processes(protocol, tmp_path):
    request = request_for(protocol, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"--jobs 2 and no sandbox"):
        open_validation(request, limits=None, jobs=2)
    with pytest.raises(ConfigError, match=r"--jobs 0; expected 1 or more"):
        open_validation(request, limits=None, jobs=0)
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
    command = [sys.executable, "-c", "from openmm_mlff.cli import main; main()", *asked]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OPENMM_MLFF_SANDBOX": "1",
    }
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    )
    root = Path("runs/ultra-tiny-lanes")
    states = [root / system / "nve_300K_0.5fs_r0/state.xml" for system in SYSTEMS]
    until = time.monotonic() + 90.0
    while not all(map(Path.exists, states)) and time.monotonic() < until:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) == 3
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    command = shlex.split(said.splitlines()[-1].partition("to go on: ")[2])
    assert command[-1] == "--resume"
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    with pytest.raises(SystemExit) as stopped:
        main(command[1:])
    assert stopped.value.code == 3, capsys.readouterr().err
    assert read_json(root / RUN_FILE)["status"] == "complete"
