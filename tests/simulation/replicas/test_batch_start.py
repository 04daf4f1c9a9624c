"""What replicas of a batch must share, and the saved states from which they resume."""

import numpy as np
import openmm
import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.checkpoint import write_state
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.replicas.batch import check_alike, saved_batch, starts_of


class Free:
    """A Context of particles without forces."""

    def __init__(self, n_particles):
        system = openmm.System()
        for _ in range(n_particles):
            system.addParticle(1.0)
        integrator = openmm.VerletIntegrator(0.0005)
        platform = openmm.Platform.getPlatformByName("Reference")
        self.context = openmm.Context(system, integrator, platform)

    def save(self, folder, *, positions_nm, velocity_nm_per_ps, step):
        self.context.setPositions(positions_nm)
        self.context.setVelocities(np.full(positions_nm.shape, velocity_nm_per_ps))
        self.context.setTime(0.0005 * step)
        self.context.setStepCount(step)
        write_state(folder, self.context.getState(positions=True, velocities=True))

    def applied(self, start):
        """Step, time, positions and velocities of each copy of water after a start."""
        start.apply(self)
        state = self.context.getState(positions=True, velocities=True)
        vectors = state.getPositions(asNumpy=True), state.getVelocities(asNumpy=True)
        step, time_ps = self.context.getStepCount(), state.getTime()._value
        return step, time_ps, *(one._value.reshape(2, 3, 3) for one in vectors)


@pytest.fixture
def saved(water, job, tmp_path):
    """Two replicas whose states are at step 40."""
    replicas, free = [], Free(3)
    for number in range(2):
        asked = job(replica=number)
        record = TrajectoryRecord(asked, "Reference", "double")
        replicas.append(Replica(tmp_path / asked.name, record, water.positions_angstrom))
        free.save(
            replicas[-1].folder,
            positions_nm=water.positions_angstrom / 10.0 + number,
            velocity_nm_per_ps=0.1 + number,
            step=40,
        )
    return replicas


@pytest.mark.parametrize("failed", [False, True])
def test_saved_states_are_restored_and_a_failed_replica_rests_at_its_start(
    saved, water, reference, failed
):
    if failed:
        saved[0].record.n_degrees_of_freedom = 3
        saved[0].record.status, saved[0].record.failure = "failed", {"kind": "unstable"}
    members, start = saved_batch(saved, platform=reference)
    assert members == saved
    assert start.resumes
    step, time_ps, positions, velocities = Free(6).applied(start)
    assert (step, time_ps) == (40, 0.02)
    for number in range(2):
        np.testing.assert_array_equal(positions[number], water.positions_angstrom / 10.0 + number)
    assert (velocities[0] == (0.0 if failed else 0.1)).all()
    assert (velocities[1] == 1.1).all()


def test_states_of_another_step_platform_or_molecule_are_not_used(saved, reference):
    assert saved_batch(saved, platform=named_platform("CPU")) is None
    path = saved[0].folder / "state.xml"
    path.write_text(path.read_text()[:200])
    assert saved_batch(saved, platform=reference) is None
    path.unlink()
    assert saved_batch(saved, platform=reference) is None
    Free(3).save(saved[0].folder, positions_nm=np.zeros((3, 3)), velocity_nm_per_ps=0.0, step=50)
    assert saved_batch(saved, platform=reference) is None


@pytest.mark.parametrize(
    "change",
    [
        {"timestep_fs": 0.25, "duration_ps": 0.25},
        {"duration_ps": 1.0},
        {"energy_interval_steps": 5},
        {"frame_interval_steps": 5},
    ],
)
def test_only_seed_replica_temperature_and_equilibration_may_differ(job, change):
    check_alike([job(), job(seed=1, replica=2, temperature_kelvin=500.0, equilibration_ps=0.0)])
    with pytest.raises(ConfigError, match=r"replicas that run together have .* one value"):
        check_alike([job(), job(**change)])
    with pytest.raises(ConfigError, match="no replicas were requested"):
        check_alike([])


def test_all_share_one_start_or_each_has_its_own():
    one = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(starts_of(one, n_runs=3, n_atoms=2), np.stack([one] * 3))
    own = np.arange(18.0).reshape(3, 2, 3)
    np.testing.assert_array_equal(starts_of(own, n_runs=3, n_atoms=2), own)
    with pytest.raises(ConfigError, match=r"shape \(2, 3\); expected \(3, 3\)"):
        starts_of(one, n_runs=1, n_atoms=3)
