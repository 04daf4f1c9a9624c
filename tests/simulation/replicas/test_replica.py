"""One replica's record and streams."""

import numpy as np
import pytest

from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.views import CopyFrame, CopySimulation
from openmm_mlff.simulation.topology import openmm_topology

from .conftest import record_of


@pytest.fixture
def replica(water, job, tmp_path):
    asked = job()
    record = TrajectoryRecord(asked, "Reference", "double")
    return Replica(asked, tmp_path / "run", record, water.positions_angstrom)


def test_times_are_shared_and_the_rest_is_as_measured(replica, job):
    shared = TrajectoryRecord(
        job(),
        "Reference",
        "double",
        ms_per_step_blocks=[8.0, 12.0],
        cpu_ms_per_step_blocks=[4.0, 6.0],
        yardstick_ms_blocks=[0.25, 0.5],
        resident_mebibytes_blocks=[100.0, 101.0],
        steps_per_block=500,
    )
    replica.write(together=4, shared=shared)
    record = record_of(replica.folder)
    assert record["replicas"] == 4
    assert record["ms_per_step_blocks"] == [2.0, 3.0]
    assert record["cpu_ms_per_step_blocks"] == [1.0, 1.5]
    assert record["yardstick_ms_blocks"] == [0.25, 0.5]
    assert record["resident_mebibytes_blocks"] == [100.0, 101.0]
    assert record["steps_per_block"] == 500
    assert shared.ms_per_step_blocks == [8.0, 12.0]


def test_a_failure_is_recorded_as_that_of_a_run_alone(replica):
    replica.fail(UnstableError("torn", time_ps=0.25, step=500, atoms=(1, 2)), together=2)
    assert replica.is_failed
    record = record_of(replica.folder)
    assert record["steps"] == 500
    assert record["failure"] == {
        "kind": "unstable",
        "message": "torn",
        "time_ps": 0.25,
        "atoms": [1, 2],
        "traceback": "",
    }


def test_a_frame_of_broken_numbers_is_not_written(replica, water, tmp_path):
    from contextlib import ExitStack

    import openmm

    view = CopySimulation(
        openmm.System(), openmm_topology(water), openmm.VerletIntegrator(0.0005), 16
    )
    broken = water.positions_angstrom / 10.0
    broken[1, 1] = np.inf
    with ExitStack() as open_files:
        replica.open_streams(water, resume_after_step=None, open_files=open_files)
        with pytest.raises(UnstableError, match=r"0\.0080 ps \(step 16\): coordinates of 1 atoms"):
            replica.report(view, CopyFrame(0.008, broken), rows=False, frame=True)
    assert not (replica.folder / "trajectory.dcd").exists()
