"""Replicas in one Context, against the same runs one after the other."""

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

from ..conftest import NanBetween, assert_same_rows, record_of, rows_of


@pytest.fixture
def jobs(job):
    """Two temperatures, two seeds, 200 steps."""
    common = {"duration_ps": 0.1, "equilibration_ps": 0.02, "frame_interval_steps": 8}
    return [job(**common), job(temperature_kelvin=450.0, replica=1, seed=11, **common)]


@pytest.fixture
def together(water, reference, tmp_path):
    """Run jobs as one batch; gives their folders."""

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
    """Run a job alone; gives its folder."""

    def run(potential, job, *, start=None, platform=reference):
        folder = tmp_path / "alone" / job.name
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


def state_of(folder):
    return openmm.XmlSerializer.deserialize((folder / "state.xml").read_text())


def assert_same_end(one, other):
    """Positions to 1e-9 Å, velocities to 1e-7 Å/ps, time and step to the last bit."""
    first, second = state_of(one), state_of(other)
    assert first.getStepCount() == second.getStepCount() > 0
    assert first.getTime() == second.getTime()
    for name, atol in (("getPositions", 1e-10), ("getVelocities", 1e-8)):
        np.testing.assert_allclose(
            getattr(second, name)(asNumpy=True)._value,
            getattr(first, name)(asNumpy=True)._value,
            rtol=0.0,
            atol=atol,
        )


def test_a_replica_is_the_run_that_it_is_alone(student, jobs, together, alone):
    progress = []
    folders = together(student, jobs, on_progress=lambda *steps: progress.append(steps))
    for job, folder in zip(jobs, folders, strict=True):
        other = alone(student, job)
        assert_same_end(other, folder)
        assert_same_rows(other, folder, atol=1e-9)
        np.testing.assert_allclose(
            dcd.read_dcd(folder / "trajectory.dcd"),
            dcd.read_dcd(other / "trajectory.dcd"),
            atol=1e-6,
        )
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            path.name for path in other.iterdir()
        )
        assert (folder / "topology.pdb").read_bytes() == (other / "topology.pdb").read_bytes()
        record, single = record_of(folder), record_of(other)
        assert record.pop("replicas") == 2
        assert record.keys() == single.keys()
        for name, value in single.items():
            if "mebibytes" not in name and "_ms" not in name and "ms_" not in name:
                assert record[name] == value, name
    assert not np.allclose(rows_of(folders[0], "energies.csv"), rows_of(folders[1], "energies.csv"))
    done = [steps for steps, _ in progress]
    assert done == sorted(done)
    assert progress[-1] == (480, 480)


def test_the_evidence_holds_a_batch(student, water, jobs, together, tmp_path):
    together(student, jobs)
    write_json(tmp_path / "water" / SYSTEM_FILE, molecule_to_json(water))
    runs = load_evidence(RunDirectory(tmp_path), "water").runs
    assert [(run.condition.temperature_kelvin, run.replica) for run in runs] == [
        (300.0, 0),
        (450.0, 1),
    ]
    for run in runs:
        assert run.survived
        assert len(run.energies.time_ps) == len(run.momenta.time_ps) == 21
        folder = tmp_path / "water" / run.name
        assert len(read_frames(folder, record=record_of(folder))[1]) == 25
        # Ten blocks of 20, the first of which warms up.
        assert len(run.ms_per_step_blocks) == len(run.cpu_ms_per_step_blocks) == 9
        assert run.steps_per_block == 20
        assert run.platform == "Reference"


@pytest.mark.parametrize(
    ("kind", "reason"), [("oracle", "temperature is"), ("nan_between", "not a number|not numbers")]
)
def test_one_that_goes_wrong_does_not_end_the_others(
    request, kind, reason, water, stretched, job, together, alone, platform
):
    potential = request.getfixturevalue(kind)
    common = {"duration_ps": 0.1, "equilibration_ps": 0.0, "frame_interval_steps": 10}
    asked = [job(replica=number, **common) for number in range(3)]
    starts = np.stack([water.positions_angstrom, stretched, water.positions_angstrom])
    folders = together(potential, asked, start=starts, platform=platform)
    others = [
        alone(potential, one, start=start, platform=platform)
        for one, start in zip(asked, starts, strict=True)
    ]
    for folder, other in zip(folders, others, strict=True):
        record, single = record_of(folder), record_of(other)
        for name in ("status", "steps", "completed_ps", "failure", "n_degrees_of_freedom"):
            assert record[name] == single[name], name
    failure = record_of(folders[1])["failure"]
    assert failure["kind"] == "unstable"
    assert re.search(reason, failure["message"])
    assert 0.0 < failure["time_ps"] < 0.05
    rows = rows_of(folders[1], "energies.csv")
    assert np.isfinite(rows).all()
    assert rows[-1, 1] < failure["time_ps"]
    for number in (0, 2):
        assert record_of(folders[number])["status"] == "complete"
        assert_same_end(others[number], folders[number])
        assert_same_rows(others[number], folders[number], atol=1e-9)


def test_all_that_go_wrong_end_the_batch(oracle, stretched, job, together):
    asked = [job(replica=number, equilibration_ps=0.0) for number in range(2)]
    progress = []
    folders = together(
        oracle, asked, start=stretched, on_progress=lambda *steps: progress.append(steps)
    )
    assert [record_of(folder)["status"] for folder in folders] == ["failed", "failed"]
    assert progress[-1] == (2000, 2000)


def test_a_start_that_is_another_molecule_is_left_out(oracle, water, job, together):
    torn = water.positions_angstrom.copy()
    torn[2] *= 4.0
    asked = [job(replica=number, duration_ps=0.05) for number in range(2)]
    folders = together(oracle, asked, start=np.stack([torn, water.positions_angstrom]))
    record = record_of(folders[0])
    assert record["status"] == "failed"
    assert "at the minimum it was to start from: bond" in record["failure"]["message"]
    assert record["failure"]["time_ps"] == -0.1
    assert record_of(folders[1])["status"] == "complete"
    assert record_of(folders[1])["replicas"] == 1


def test_a_longer_run_goes_on_from_the_saved_states(oracle, job, together, alone):
    short = [job(replica=number, duration_ps=0.05) for number in range(2)]
    folders = together(oracle, short)
    first = [(folder / "state.xml").read_bytes() for folder in folders]
    together(oracle, short)
    assert [(folder / "state.xml").read_bytes() for folder in folders] == first
    longer = [job(replica=number, duration_ps=0.1) for number in range(2)]
    folders = together(oracle, longer)
    for asked, folder in zip(longer, folders, strict=True):
        other = alone(oracle, asked)
        assert_same_end(other, folder)
        assert_same_rows(other, folder, atol=1e-9)
        assert record_of(folder)["status"] == "complete"
        assert len(dcd.read_dcd(folder / "trajectory.dcd")) == 10


def test_a_batch_goes_on_as_runs_of_their_own(oracle, water, reference, job, together, alone):
    short = [job(replica=number, duration_ps=0.05) for number in range(2)]
    folders = together(oracle, short)
    longer = job(replica=1, duration_ps=0.1)
    run_trajectory(
        oracle.create_system(water),
        water,
        longer,
        folders[1],
        platform=reference,
        start_positions_angstrom=water.positions_angstrom,
    )
    assert_same_end(alone(oracle, longer), folders[1])
    assert_same_rows(alone(oracle, longer), folders[1], atol=1e-9)


def test_an_interrupted_batch_ends_as_one_that_was_not(oracle, job, together, alone):
    asked = [job(replica=number, duration_ps=0.1) for number in range(2)]

    def interrupt(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        together(oracle, asked, on_progress=interrupt)
    folders = together(oracle, asked)
    for one, folder in zip(asked, folders, strict=True):
        assert record_of(folder)["status"] == "complete"
        assert_same_end(alone(oracle, one), folder)
        assert_same_rows(alone(oracle, one), folder, atol=1e-9)


def test_states_of_different_steps_start_anew(oracle, job, together, alone):
    asked = [job(replica=number, duration_ps=0.1) for number in range(2)]
    folders = together(oracle, [job(replica=number, duration_ps=0.05) for number in range(2)])
    (folders[0] / "state.xml").unlink()
    folders = together(oracle, asked)
    for one, folder in zip(asked, folders, strict=True):
        assert_same_end(alone(oracle, one), folder)
        assert len(rows_of(folder, "energies.csv")) == 21


def test_what_a_context_has_once_must_be_alike(job, together, oracle):
    with pytest.raises(ConfigError, match="one and the same folder"):
        together(oracle, [job(), job(seed=8)])


def test_a_folder_of_another_run_is_refused(oracle, job, together):
    together(oracle, [job(duration_ps=0.05)])
    with pytest.raises(RunDirectoryError, match="begun with seed 4, asked now is 5"):
        together(oracle, [job(duration_ps=0.05, seed=5)])


def test_a_system_of_its_own_is_refused_before_anything_is_written(oracle, job, together, tmp_path):
    class Whole(NanBetween):
        def create_system(self, molecule, *, precision="mixed"):
            raise NotImplementedError

    with pytest.raises(PotentialError, match="whole System of its own"):
        together(Whole(oracle), [job(), job(replica=1)])
    assert list(tmp_path.iterdir()) == []
