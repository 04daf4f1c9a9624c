"""Interruption, resuming, several replicas, and memory over long runs."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from openmm_mlff.reporters import TrajectoryReporter
from openmm_mlff.simulation import checkpoint, named_platform

from .conftest import record_of, stop_at

STREAMS = ("energies.csv", "momenta.csv", "trajectory.dcd", "topology.pdb", "state.xml")


def _streams(folder):
    """All streams; without the date in the header of the DCD."""
    content = {name: (folder / name).read_bytes() for name in STREAMS}
    dcd = content["trajectory.dcd"]
    content["trajectory.dcd"] = dcd[:180] + dcd[260:]
    return content


@pytest.mark.parametrize("saves_each_block", [True, False])
@pytest.mark.parametrize("stop", [100, 200, 300, 800, "inside a block"])
def test_an_interrupted_run_is_resumed_exactly(
    run, job, platform, tmp_path, monkeypatch, stop, saves_each_block
):
    # In the equilibration, at its end, and in blocks of NVE.
    run(job(), tmp_path / "whole", platform)
    if saves_each_block:
        monkeypatch.setattr(checkpoint, "_LARGEST_SHARE", 1e9)
    report = TrajectoryReporter.report

    def broken(self, simulation, state):
        report(self, simulation, state)
        if simulation.currentStep == 660:
            raise KeyboardInterrupt

    inside = stop == "inside a block"
    with monkeypatch.context() as patch:
        if inside:
            patch.setattr(TrajectoryReporter, "report", broken)
        with pytest.raises(KeyboardInterrupt):
            run(job(), tmp_path / "parts", platform, None if inside else stop_at(stop))
    table = record_of(tmp_path / "parts")
    assert table["status"] == "running"
    if saves_each_block and not inside:
        assert table["steps"] == max(0, stop - 200)
    run(job(), tmp_path / "parts", platform)
    assert _streams(tmp_path / "parts") == _streams(tmp_path / "whole")
    assert record_of(tmp_path / "parts")["status"] == "complete"


def test_a_prolonged_run_equals_a_long_one_and_a_complete_one_is_unchanged(
    run, job, platform, tmp_path
):
    run(job(duration_ps=0.8), tmp_path / "whole", platform)
    parts = tmp_path / "parts"
    run(job(duration_ps=0.3), parts, platform)
    # A run stays on its platform even if another is requested.
    run(job(duration_ps=0.8), parts, named_platform("CPU"))
    assert _streams(parts) == _streams(tmp_path / "whole")
    assert record_of(parts)["requested_ps"] == record_of(parts)["completed_ps"] == 0.8
    before = {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}
    calls = []
    run(job(duration_ps=0.8), parts, platform, lambda *steps: calls.append(steps))
    assert {path.name: path.stat().st_mtime_ns for path in parts.iterdir()} == before
    assert calls == [(1800, 1800)]


def test_replicas_differ_and_none_depends_on_another(platform, job, tmp_path, run):
    jobs = [job(replica=replica, duration_ps=0.2) for replica in range(3)]
    for asked in jobs:
        run(asked, tmp_path / asked.name, platform)
    assert len({(tmp_path / asked.name / "state.xml").read_bytes() for asked in jobs}) == 3
    run(jobs[2], tmp_path / "alone", platform)
    assert _streams(tmp_path / "alone") == _streams(tmp_path / jobs[2].name)


# A separate process, for a kill that cannot be handled and a peak of memory of its own.
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
        energy_interval_steps=10, frame_interval_steps=20, seed=2,
    )
    run_trajectory(
        system, water, job, Path(sys.argv[1]), platform=named_platform("Reference"),
        start_positions_angstrom=water.positions_angstrom,
    )
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            print(line.split()[1])
"""


def _command(folder, duration_ps):
    return [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(duration_ps)]


def _peak_kibibytes(folder, duration_ps):
    done = subprocess.run(_command(folder, duration_ps), check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def _rows(folder):
    path = folder / "energies.csv"
    return path.read_text().count("\n") if path.exists() else 0


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads memory from /proc")
def test_a_killed_process_is_resumed_exactly_and_memory_does_not_grow(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    long = _peak_kibibytes(whole, 4)
    assert long <= 1.05 * _peak_kibibytes(tmp_path / "short", 0.4)
    with subprocess.Popen(_command(parts, 4)) as process:
        deadline = time.monotonic() + 60.0
        while _rows(parts) < 100 and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert record_of(parts)["status"] == "running"
    assert 100 <= _rows(parts) < 802
    _peak_kibibytes(parts, 4)
    assert _streams(parts) == _streams(whole)
