"""Copies that are stepped together, and removed from the batch when they fail."""

import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.replicas.system import make_copies
from openmm_mlff.simulation.states import ManyCopies
from openmm_mlff.simulation.stepper import Stepper
from openmm_mlff.simulation.topology import openmm_topology

from .conftest import record_of


@pytest.fixture
def stepper(water, student, job, tmp_path):
    """Three waters at rest on a platform; no streams are open."""

    def make(platform, *, potential=student):
        copies = make_copies(potential, water, 3, precision="double")
        context = openmm.Context(
            copies.system,
            openmm.VerletIntegrator(0.0005),
            openmm.Platform.getPlatformByName(platform.name),
        )
        context.setPositions(np.tile(water.positions_angstrom / 10.0, (3, 1)))
        replicas = []
        for number in range(3):
            asked = job(replica=number, frame_interval_steps=7)
            record = TrajectoryRecord(asked, platform.name, platform.precision)
            replicas.append(Replica(tmp_path / asked.name, record, water.positions_angstrom))
        energies = copies.energies_ev or (lambda placed: np.zeros(len(placed)))
        content = ManyCopies(copies.single, 3, energies, 0.5)
        return Stepper(context, replicas, content=content, topology=openmm_topology(water))

    return make


def placed_in(stepper):
    return positions_angstrom(stepper.context.getState(positions=True)).reshape(3, -1, 3)


def test_a_copy_with_a_nan_is_removed(stepper, water, platform):
    intact, broken = stepper(platform), stepper(platform)
    positions = placed_in(broken)
    positions[1, 2, 0] = np.nan
    broken.context.setPositions(positions.reshape(-1, 3) / 10.0)
    for one in (intact, broken):
        one.step(25)
        assert one.current_step == 25
    if platform.name == "CPU":
        assert [replica.is_failed for replica in broken.replicas] == [False, True, False]
        failure = record_of(broken.replicas[1].folder)["failure"]
        assert failure["message"].startswith(
            "at 0.0000 ps (step 0): coordinates of 1 atoms are not finite (OpenMM: "
        )
        assert failure["atoms"] == [2]
        # At the report of step 21 it was reset, and moved from there.
        drift = np.abs(placed_in(broken)[1] - water.positions_angstrom)
        assert 0.0 < drift.max() < 0.01
    np.testing.assert_array_equal(placed_in(broken)[[0, 2]], placed_in(intact)[[0, 2]])


def test_an_error_of_the_code_is_not_a_failed_copy(stepper, reference, oracle, monkeypatch):
    def broken(numbers, **_):
        def evaluate(positions):
            raise ValueError("no such file")

        return evaluate

    monkeypatch.setattr(oracle, "surface", broken)
    made = stepper(reference, potential=oracle)
    with pytest.raises(openmm.OpenMMException, match="no such file"):
        made.step(5)
    assert not any(replica.is_failed for replica in made.replicas)
