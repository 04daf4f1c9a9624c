"""What replicas must share, and how each is brought to its temperature."""

import numpy as np
import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.simulation.checkpoints import STATE_FILE
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica, began_alone
from openmm_mlff.simulation.replicas.start import check_alike, equilibrated, starts_of
from openmm_mlff.simulation.starting import check_start

from .conftest import record_of


@pytest.fixture
def replica(water, job, tmp_path):
    asked = job(equilibration_ps=0.05)
    record = TrajectoryRecord(asked, "CPU", "mixed", n_steps_done=7)
    return Replica(asked, tmp_path / "run", record, water.positions_angstrom)


def test_seed_replica_temperature_and_equilibration_may_differ(job):
    check_alike([job(), job(seed=1, replica=2, temperature_kelvin=500.0, equilibration_ps=0.0)])


@pytest.mark.parametrize(
    "change",
    [
        {"timestep_fs": 0.25, "duration_ps": 0.25},
        {"duration_ps": 1.0},
        {"energy_interval_steps": 5},
        {"frame_interval_steps": 5},
    ],
)
def test_the_rest_may_not(job, change):
    with pytest.raises(ConfigError, match=r"replicas that run together have .* one value"):
        check_alike([job(), job(**change)])


def test_one_start_serves_all_or_each_has_its_own():
    one = np.arange(6.0).reshape(2, 3)
    all_alike = starts_of(one, n_runs=3, n_atoms=2)
    assert all_alike.shape == (3, 2, 3)
    np.testing.assert_array_equal(all_alike[2], one)
    own = np.arange(18.0).reshape(3, 2, 3)
    np.testing.assert_array_equal(starts_of(own, n_runs=3, n_atoms=2), own)


def test_a_replica_starts_at_rest_as_a_whole(replica, water, oracle, reference):
    steps = []
    positions, velocities = equilibrated(
        replica,
        water,
        oracle.create_system(water),
        platform=reference,
        together=2,
        on_steps=steps.append,
    )
    assert sum(steps) == 100
    # Killed once a state is written, and before the next record: still one of a batch.
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


def test_a_torn_start_is_another_molecule(replica, water):
    check_start(water, replica.job, start_positions_angstrom=replica.start_angstrom)
    torn = 3.0 * water.positions_angstrom
    with pytest.raises(UnstableError, match="at the minimum it was to start from: bond") as caught:
        check_start(water, replica.job, start_positions_angstrom=torn)
    assert caught.value.step == -100
