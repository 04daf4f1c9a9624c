"""Interruption, resuming, several replicas, and memory over long runs."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from openmm_mlff.simulation import checkpoint

STREAMS = ("energies.csv", "momenta.csv", "trajectory.dcd", "topology.pdb", "state.xml")


def _streams(folder):
    """All streams; without the date in the header of the DCD."""
    content = {name: (folder / name).read_bytes() for name in STREAMS}
    dcd = content["trajectory.dcd"]
    content["trajectory.dcd"] = dcd[:180] + dcd[260:]
    return content


def _stop_at(step, how):
    def on_progress(done, _total):
        if done >= step:
            raise how

    return on_progress


@pytest.mark.parametrize("saves_each_block", [True, False])
@pytest.mark.parametrize("stop_at", [100, 200, 300, 800, 1200])
def test_an_interrupted_run_ends_with_the_same_bits(
    run, job, platform, tmp_path, monkeypatch, stop_at, saves_each_block
):
    # In the equilibration, at its end, and in blocks of NVE.
    run(job(), tmp_path / "whole", platform)
    if saves_each_block:
        monkeypatch.setattr(checkpoint, "_LARGEST_SHARE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        run(job(), tmp_path / "parts", platform, _stop_at(stop_at, KeyboardInterrupt()))
    table = json.loads((tmp_path / "parts" / "run.json").read_text())
    assert table["status"] == "running"
    if saves_each_block:
        assert table["steps"] == max(0, stop_at - 200)
    run(job(), tmp_path / "parts", platform)
    assert _streams(tmp_path / "parts") == _streams(tmp_path / "whole")
    assert json.loads((tmp_path / "parts" / "run.json").read_text())["status"] == "complete"


def test_a_run_broken_inside_a_block_ends_with_the_same_bits(
    run, job, platform, tmp_path, monkeypatch
):
    from openmm_mlff.reporters import TrajectoryReporter

    run(job(), tmp_path / "whole", platform)
    report = TrajectoryReporter.report

    def broken(self, simulation, state):
        report(self, simulation, state)
        if simulation.currentStep == 660:
            raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(TrajectoryReporter, "report", broken)
        with pytest.raises(OSError, match="disk full"):
            run(job(), tmp_path / "parts", platform)
    run(job(), tmp_path / "parts", platform)
    assert _streams(tmp_path / "parts") == _streams(tmp_path / "whole")


def test_a_prolonged_run_equals_a_long_one(run, job, platform, tmp_path):
    run(job(duration_ps=0.8), tmp_path / "whole", platform)
    run(job(duration_ps=0.3), tmp_path / "parts", platform)
    run(job(duration_ps=0.8), tmp_path / "parts", platform)
    assert _streams(tmp_path / "parts") == _streams(tmp_path / "whole")
    table = json.loads((tmp_path / "parts" / "run.json").read_text())
    assert table["requested_ps"] == table["completed_ps"] == 0.8


def test_a_finished_run_is_left_alone(run, job, reference, tmp_path):
    run(job(), tmp_path, reference)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    calls = []
    run(job(), tmp_path, reference, lambda done, total: calls.append((done, total)))
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert calls == [(1200, 1200)]


def test_replicas_differ_and_none_depends_on_another(platform, job, tmp_path, run):
    jobs = [job(replica=replica, duration_ps=0.2) for replica in range(3)]
    for asked in jobs:
        run(asked, tmp_path / asked.name, platform)
    states = {(tmp_path / asked.name / "state.xml").read_bytes() for asked in jobs}
    assert len(states) == 3
    run(jobs[2], tmp_path / "alone", platform)
    assert _streams(tmp_path / "alone") == _streams(tmp_path / jobs[2].name)


# A process of its own, for a kill that nothing can soften and a peak of memory of its own.
SCRIPT = """
    import sys
    import numpy as np
    import openmm
    from openmm_mlff.molecules import load_system
    from openmm_mlff.simulation import TrajectoryJob, named_platform, run_trajectory
    from pathlib import Path

    water = load_system("water")
    system = openmm.System()
    bonds = openmm.HarmonicBondForce()
    for mass in water.masses_amu:
        system.addParticle(mass)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        length = np.linalg.norm(np.subtract(*water.positions_angstrom[[first, second]])) / 10
        bonds.addBond(first, second, length, 1e5)
    system.addForce(bonds)
    job = TrajectoryJob(
        temperature_kelvin=300.0, timestep_fs=0.5, duration_ps=float(sys.argv[2]),
        equilibration_ps=0.1, equilibration_timestep_fs=0.5, friction_per_ps=10.0,
        energy_interval_steps=int(sys.argv[3]), frame_interval_steps=2 * int(sys.argv[3]),
        seed=2,
    )
    run_trajectory(
        system, water, job, Path(sys.argv[1]), platform=named_platform("Reference"),
        start_positions_angstrom=water.positions_angstrom,
    )
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            print(line.split()[1])
"""


def _command(folder, duration_ps, interval):
    arguments = [str(folder), str(duration_ps), str(interval)]
    return [sys.executable, "-c", textwrap.dedent(SCRIPT), *arguments]


def _peak_kibibytes(folder, duration_ps, interval=10):
    command = _command(folder, duration_ps, interval)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="reads the peak memory from /proc"
)


@pytest.fixture(scope="module")
def four_picoseconds(tmp_path_factory):
    """A run of 4 ps that nobody disturbed, and its peak of memory in KiB."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return folder, _peak_kibibytes(folder, 4)


def _rows(folder):
    path = folder / "energies.csv"
    return path.read_text().count("\n") if path.exists() else 0


@needs_proc
def test_a_killed_process_is_resumed_to_the_same_bits(four_picoseconds, tmp_path):
    with subprocess.Popen(_command(tmp_path / "parts", 4, 10)) as process:
        deadline = time.monotonic() + 60.0
        while _rows(tmp_path / "parts") < 100 and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    table = json.loads((tmp_path / "parts" / "run.json").read_text())
    assert table["status"] == "running"
    assert 100 <= _rows(tmp_path / "parts") < 802
    _peak_kibibytes(tmp_path / "parts", 4)
    assert _streams(tmp_path / "parts") == _streams(four_picoseconds[0])


@needs_proc
def test_memory_does_not_grow_with_the_run(four_picoseconds, tmp_path):
    short = _peak_kibibytes(tmp_path / "short", 0.4)
    assert four_picoseconds[1] <= 1.05 * short


@needs_proc
@pytest.mark.slow
def test_memory_of_ten_and_a_hundred_picoseconds(tmp_path):
    short = _peak_kibibytes(tmp_path / "short", 10, interval=50)
    long = _peak_kibibytes(tmp_path / "long", 100, interval=50)
    assert long <= 1.05 * short
