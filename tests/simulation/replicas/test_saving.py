"""States of a batch on disk."""

import numpy as np
import openmm
import pytest
from openmm import unit

from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.saving import StateWriter, saved_batch


@pytest.fixture
def saved(water, job, tmp_path):
    """Two replicas whose states are at step 40."""
    writer = StateWriter(water, timestep_fs=0.5)
    replicas = []
    for number in range(2):
        asked = job(replica=number)
        record = TrajectoryRecord(asked, "Reference", "double")
        replicas.append(Replica(asked, tmp_path / asked.name, record, water.positions_angstrom))
        writer.write(
            replicas[-1].folder,
            positions_nm=water.positions_angstrom / 10.0 + number,
            velocities_nm_per_ps=np.full((3, 3), 0.1 + number),
            time=0.02 * unit.picosecond,
            step=40,
        )
    return writer, replicas


def test_what_was_saved_comes_back_to_the_last_bit(saved, water, reference):
    _, replicas = saved
    batch = saved_batch(replicas, platform=reference)
    assert batch.step == 40
    assert batch.time == 0.02 * unit.picosecond
    for number in range(2):
        expected = water.positions_angstrom / 10.0 + number
        np.testing.assert_array_equal(batch.positions_nm[number], expected)
        assert (batch.velocities_nm_per_ps[number] == 0.1 + number).all()


def test_a_state_serves_a_run_alone(saved, water, oracle):
    _, replicas = saved
    text = (replicas[1].folder / "state.xml").read_text()
    context = openmm.Context(
        oracle.create_system(water),
        openmm.VerletIntegrator(0.0005),
        openmm.Platform.getPlatformByName("Reference"),
    )
    context.setState(openmm.XmlSerializer.deserialize(text))
    assert context.getStepCount() == 40
    velocities = context.getState(velocities=True).getVelocities(asNumpy=True)._value
    assert (velocities == 1.1).all()


def test_states_of_another_step_platform_or_molecule_do_not_count(saved, water, reference):
    writer, replicas = saved
    assert saved_batch(replicas, platform=named_platform("CPU")) is None
    path = replicas[0].folder / "state.xml"
    text = path.read_text()
    path.write_text(text[:200])
    assert saved_batch(replicas, platform=reference) is None
    path.unlink()
    assert saved_batch(replicas, platform=reference) is None
    still = np.zeros((3, 3))
    writer.write(
        replicas[0].folder,
        positions_nm=still,
        velocities_nm_per_ps=still,
        time=0.025 * unit.picosecond,
        step=50,
    )
    assert saved_batch(replicas, platform=reference) is None
