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


@pytest.fixture
def bare(water):
    """A Context of a water without forces."""
    system = openmm.System()
    for mass in water.masses_amu:
        system.addParticle(mass)
    integrator = openmm.VerletIntegrator(0.0005)
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))


def save(bare, folder, *, positions_nm, velocity_nm_per_ps, step):
    bare.setPositions(positions_nm)
    bare.setVelocities(np.full(positions_nm.shape, velocity_nm_per_ps))
    bare.setTime(0.0005 * step)
    bare.setStepCount(step)
    write_state(folder, bare.getState(positions=True, velocities=True))


@pytest.fixture
def saved(bare, water, job, tmp_path):
    """Two replicas whose states are at step 40."""
    replicas = []
    for number in range(2):
        asked = job(replica=number)
        record = TrajectoryRecord(asked, "Reference", "double")
        replicas.append(Replica(tmp_path / asked.name, record, water.positions_angstrom))
        save(
            bare,
            replicas[-1].folder,
            positions_nm=water.positions_angstrom / 10.0 + number,
            velocity_nm_per_ps=0.1 + number,
            step=40,
        )
    return replicas


class Stepper:
    """Six particles without forces."""

    def __init__(self):
        system = openmm.System()
        for _ in range(6):
            system.addParticle(1.0)
        integrator = openmm.VerletIntegrator(0.0005)
        platform = openmm.Platform.getPlatformByName("Reference")
        self.context = openmm.Context(system, integrator, platform)


def test_what_was_saved_comes_back_to_the_last_bit(saved, water, reference):
    members, start = saved_batch(saved, platform=reference)
    assert members == saved
    assert start.resumes
    stepper = Stepper()
    start.apply(stepper)
    assert stepper.context.getStepCount() == 40
    state = stepper.context.getState(positions=True, velocities=True)
    assert state.getTime()._value == 0.02
    positions = state.getPositions(asNumpy=True)._value.reshape(2, 3, 3)
    velocities = state.getVelocities(asNumpy=True)._value.reshape(2, 3, 3)
    for number in range(2):
        np.testing.assert_array_equal(positions[number], water.positions_angstrom / 10.0 + number)
        assert (velocities[number] == 0.1 + number).all()


def test_one_that_failed_in_the_batch_is_at_rest_at_its_start(saved, water, reference):
    saved[0].record.n_degrees_of_freedom = 3
    saved[0].record.status, saved[0].record.failure = "failed", {"kind": "unstable"}
    members, start = saved_batch(saved, platform=reference)
    assert members == saved
    stepper = Stepper()
    start.apply(stepper)
    state = stepper.context.getState(positions=True, velocities=True)
    np.testing.assert_array_equal(
        state.getPositions(asNumpy=True)._value[:3], water.positions_angstrom / 10.0
    )
    velocities = state.getVelocities(asNumpy=True)._value
    assert not velocities[:3].any()
    assert (velocities[3:] == 1.1).all()


def test_states_of_another_step_platform_or_molecule_do_not_count(bare, saved, reference):
    assert saved_batch(saved, platform=named_platform("CPU")) is None
    path = saved[0].folder / "state.xml"
    path.write_text(path.read_text()[:200])
    assert saved_batch(saved, platform=reference) is None
    path.unlink()
    assert saved_batch(saved, platform=reference) is None
    save(bare, saved[0].folder, positions_nm=np.zeros((3, 3)), velocity_nm_per_ps=0.0, step=50)
    assert saved_batch(saved, platform=reference) is None


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
    with pytest.raises(ConfigError, match="no replicas were asked for"):
        check_alike([])


def test_one_start_serves_all_or_each_has_its_own():
    one = np.arange(6.0).reshape(2, 3)
    all_alike = starts_of(one, n_runs=3, n_atoms=2)
    assert all_alike.shape == (3, 2, 3)
    np.testing.assert_array_equal(all_alike[2], one)
    own = np.arange(18.0).reshape(3, 2, 3)
    np.testing.assert_array_equal(starts_of(own, n_runs=3, n_atoms=2), own)
    with pytest.raises(ConfigError, match=r"shape \(2, 3\); expected \(3, 3\)"):
        starts_of(one, n_runs=1, n_atoms=3)
