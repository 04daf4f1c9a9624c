"""One replica's record and streams."""

import numpy as np
import pytest

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.simulation.checkpoint import STATE_FILE
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica, began_alone

from .conftest import record_of


@pytest.fixture
def replica(water, job, tmp_path):
    record = TrajectoryRecord(job(equilibration_ps=0.05), "CPU", "mixed", n_steps_done=7)
    return Replica(tmp_path / "run", record, water.positions_angstrom)


def test_a_replica_starts_at_rest_as_a_whole(replica, water, oracle, reference):
    steps = []
    positions, velocities = replica.equilibrate(
        oracle.create_system(water),
        water,
        platform=reference,
        together=2,
        on_steps=steps.append,
    )
    assert sum(steps) == 100
    # Killed after a state is written and before the next record: still one of a batch.
    (replica.folder / STATE_FILE).touch()
    assert not began_alone(replica.folder)
    linear, angular = momenta(
        positions, velocities_angstrom_per_ps=velocities, masses_amu=water.masses_amu
    )
    assert np.abs(linear).max() < 1e-9
    assert np.abs(angular).max() < 1e-9
    assert np.abs(velocities).max() > 1.0
    assert replica.record.n_degrees_of_freedom == 3
    assert replica.record.n_steps_done == 0
    assert record_of(replica.folder)["platform"] == "Reference"
    assert (replica.folder / "topology.pdb").is_file()
