"""Replicas in one Context, compared with the same runs one after the other."""

import re
from contextlib import suppress

import numpy as np
import openmm
import pytest

from openmm_mlff.errors import ConfigError, PotentialError, RunDirectoryError
from openmm_mlff.simulation import run_trajectory
from openmm_mlff.simulation.replicas import run_replicas_together
from openmm_mlff.storage import dcd
from openmm_mlff.storage.loader import load_evidence, read_frames
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)

from ..conftest import NanBetween, assert_same_rows, record_of, rows_of, stop_at


@pytest.fixture
def jobs(job):
    """Make two jobs with different seeds or replicas."""

    def make(**changes):
        return [job(replica=number, **{"duration_ps": 0.1} | changes) for number in range(2)]

    return make


@pytest.fixture
def together(water, reference, tmp_path):
    """Run jobs as one batch; returns their folders."""

    def run(potential, jobs, *, start=None, platform=reference, on_progress=None):
        runs = [(job, tmp_path / "water" / job.name) for job in jobs]
        run_replicas_together(
            potential,
            water,
            runs,
            platform=platform,
            start_positions_angstrom=water.positions_angstrom if start is None else start,
            precision="double",
            on_progress=on_progress,
        )
        return [folder for _, folder in runs]

    return run


@pytest.fixture
def alone(water, reference, tmp_path):
    """Run a job alone; returns its folder."""

    def run(potential, job, *, start=None, platform=reference, folder=None):
        folder = folder or tmp_path / "alone" / job.name
        run_trajectory(
            potential.create_system(water, precision="double"),
            water,
            job,
            folder,
            platform=platform,
            start_positions_angstrom=water.positions_angstrom if start is None else start,
        )
        return folder

    return run


def assert_same_run(one, other):
    """Positions to 1e-9 Å, velocities to 1e-7 Å/ps, rows to 1e-9, time and step exactly."""
    first, second = (
        openmm.XmlSerializer.deserialize((folder / "state.xml").read_text())
        for folder in (one, other)
    )
    assert first.getStepCount() == second.getStepCount() > 0
    assert first.getTime() == second.getTime()
    for name, atol in (("getPositions", 1e-10), ("getVelocities", 1e-8)):
        found, expected = (getattr(state, name)(asNumpy=True)._value for state in (second, first))
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=atol)
    assert_same_rows(one, other, atol=1e-9)


def test_replicas_equal_single_runs_and_are_loaded_as_evidence(
    student, water, job, together, alone, tmp_path
):
    common = {"duration_ps": 0.1, "equilibration_ps": 0.02, "frame_interval_steps": 8}
    jobs = [job(**common), job(temperature_kelvin=450.0, replica=1, seed=11, **common)]
    progress = []
    folders = together(student, jobs, on_progress=lambda *steps: progress.append(steps))
    for one, folder in zip(jobs, folders, strict=True):
        other = alone(student, one)
        assert_same_run(other, folder)
        frames = [dcd.read_dcd(path / "trajectory.dcd") for path in (folder, other)]
        np.testing.assert_allclose(*frames, atol=1e-6)
        assert {path.name for path in folder.iterdir()} == {path.name for path in other.iterdir()}
        assert (folder / "topology.pdb").read_bytes() == (other / "topology.pdb").read_bytes()
        record, single = record_of(folder), record_of(other)
        assert record.pop("replicas") == 2
        assert record.keys() == single.keys()
        for name, value in single.items():
            if "mebibytes" not in name and "_ms" not in name and "ms_" not in name:
                assert record[name] == value, name
    assert not np.allclose(*(rows_of(folder, "energies.csv") for folder in folders))
    done = [steps for steps, _ in progress]
    assert done == sorted(done)
    assert progress[-1] == (480, 480)
    write_json(tmp_path / "water" / SYSTEM_FILE, molecule_to_json(water))
    runs = load_evidence(RunDirectory(tmp_path), "water").runs
    found = [(run.condition.temperature_kelvin, run.replica) for run in runs]
    assert found == [(300.0, 0), (450.0, 1)]
    for run in runs:
        assert run.survived
        assert len(run.energies.time_ps) == len(run.momenta.time_ps) == 21
        folder = tmp_path / "water" / run.name
        assert len(read_frames(folder, record=record_of(folder))[1]) == 25
        # Ten blocks of 20, the first of which is the warm-up.
        assert len(run.ms_per_step_blocks) == len(run.cpu_ms_per_step_blocks) == 9
        assert (run.steps_per_block, run.platform) == (20, "Reference")


@pytest.mark.parametrize(
    ("kind", "reason"), [("oracle", "temperature is"), ("nan_between", "not finite")]
)
def test_a_failed_replica_does_not_end_the_others(
    request, kind, reason, water, stretched, job, together, alone, platform
):
    potential = request.getfixturevalue(kind)
    common = {"duration_ps": 0.1, "equilibration_ps": 0.0, "frame_interval_steps": 10}
    asked = [job(replica=number, **common) for number in range(3)]
    starts = np.stack([water.positions_angstrom, stretched, water.positions_angstrom])
    folders = together(potential, asked, start=starts, platform=platform)
    for number, (one, start, folder) in enumerate(zip(asked, starts, folders, strict=True)):
        other = alone(potential, one, start=start, platform=platform)
        record, single = record_of(folder), record_of(other)
        for name in ("status", "steps", "completed_ps", "failure", "n_degrees_of_freedom"):
            assert record[name] == single[name], name
        assert record["status"] == ("failed" if number == 1 else "complete")
        if number != 1:
            assert_same_run(other, folder)
    failure = record_of(folders[1])["failure"]
    assert failure["kind"] == "unstable"
    assert re.search(reason, failure["message"])
    assert 0.0 < failure["time_ps"] < 0.05
    rows = rows_of(folders[1], "energies.csv")
    assert np.isfinite(rows).all()
    assert rows[-1, 1] < failure["time_ps"]


def test_a_batch_ends_when_all_have_failed_and_omits_a_torn_start(
    oracle, water, stretched, jobs, together
):
    progress = []
    folders = together(
        oracle,
        jobs(equilibration_ps=0.0, duration_ps=0.5),
        start=stretched,
        on_progress=lambda *steps: progress.append(steps),
    )
    assert [record_of(folder)["status"] for folder in folders] == ["failed", "failed"]
    assert progress[-1] == (2000, 2000)
    torn = water.positions_angstrom.copy()
    torn[2] *= 4.0
    starts = np.stack([torn, water.positions_angstrom])
    folders = together(oracle, jobs(duration_ps=0.05, temperature_kelvin=310.0), start=starts)
    record, other = (record_of(folder) for folder in folders)
    assert record["status"] == "failed"
    assert "at the minimum from which it starts: bond" in record["failure"]["message"]
    assert record["failure"]["time_ps"] == -0.1
    assert (other["status"], other["replicas"]) == ("complete", 1)


@pytest.mark.parametrize("how", ["prolonged", "interrupted", "different steps", "alone"])
def test_a_resumed_batch_equals_uninterrupted_runs(oracle, jobs, together, alone, how):
    asked = jobs()
    if how == "interrupted":
        with suppress(KeyboardInterrupt):
            together(oracle, asked, on_progress=stop_at(500))
    else:
        folders = together(oracle, jobs(duration_ps=0.05))
        first = [(folder / "state.xml").read_bytes() for folder in folders]
        # A complete batch is left unchanged.
        together(oracle, jobs(duration_ps=0.05))
        assert [(folder / "state.xml").read_bytes() for folder in folders] == first
    if how == "different steps":
        (folders[0] / "state.xml").unlink()
    if how == "alone":
        for one, folder in zip(asked, folders, strict=True):
            alone(oracle, one, folder=folder)
    else:
        folders = together(oracle, asked)
    for one, folder in zip(asked, folders, strict=True):
        assert record_of(folder)["status"] == "complete"
        assert_same_run(alone(oracle, one), folder)
        assert len(rows_of(folder, "energies.csv")) == 21
        assert len(dcd.read_dcd(folder / "trajectory.dcd")) == 10


def test_impossible_batches_are_refused(oracle, job, together, tmp_path):
    class Whole(NanBetween):
        def create_system(self, molecule, *, precision="mixed"):
            raise NotImplementedError

    with pytest.raises(PotentialError, match="complete System"):
        together(Whole(oracle), [job(), job(replica=1)])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="the same folder"):
        together(oracle, [job(), job(seed=8)])
    together(oracle, [job(duration_ps=0.05)])
    with pytest.raises(RunDirectoryError, match="started with seed 4, but 5 is requested now"):
        together(oracle, [job(duration_ps=0.05, seed=5)])
