import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation.constraints import (
    TOLERANCE,
    along_constraints,
    apply_constraints,
    constrained_pairs,
    langevin_integrator,
    verlet_integrator,
)
from openmm_mlff.units import nm_from_angstrom

POSITIONS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@pytest.fixture
def triangle():
    """Three atoms, two distances constrained to 1 Å, in a field."""
    system = openmm.System()
    for _ in range(3):
        system.addParticle(1.0)
    system.addConstraint(0, 1, 0.1)
    system.addConstraint(0, 2, 0.1)
    field = openmm.CustomExternalForce("100*x*(particle+1)")
    field.addPerParticleParameter("particle")
    for index in range(3):
        field.addParticle(index, [index])
    system.addForce(field)
    return system


def test_forces_along_constraints_are_removed(triangle):
    pairs = constrained_pairs(triangle)
    assert pairs.tolist() == [[0, 1], [0, 2]]
    forces = np.random.default_rng(1).normal(size=(3, 3))
    free = along_constraints(forces, positions=POSITIONS, pairs=pairs)
    for first, second in pairs:
        arm = POSITIONS[first] - POSITIONS[second]
        assert arm @ (free[first] - free[second]) == pytest.approx(0.0, abs=1e-12)
    again = along_constraints(free, positions=POSITIONS, pairs=pairs)
    np.testing.assert_allclose(again, free, atol=1e-12)
    # Internal forces of a pair do not change the net force.
    np.testing.assert_allclose(free.sum(axis=0), forces.sum(axis=0), atol=1e-12)
    none = np.empty((0, 2), dtype=np.int64)
    assert along_constraints(forces, positions=POSITIONS, pairs=none) is forces


@pytest.mark.parametrize(
    "integrator",
    [
        verlet_integrator(1.0),
        langevin_integrator(temperature_kelvin=300.0, friction_per_ps=1.0, timestep_fs=1.0, seed=3),
    ],
)
def test_distances_are_restored_and_kept_in_a_run(triangle, integrator):
    def error():
        """Largest relative error of the two distances of 1 Å."""
        placed = positions_angstrom(context.getState(positions=True))
        return np.abs(np.linalg.norm(placed[1:] - placed[0], axis=1) - 1.0).max()

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(triangle, integrator, platform)
    context.setPositions(nm_from_angstrom(POSITIONS * 1.01))
    assert error() == pytest.approx(0.01)
    apply_constraints(context)
    assert error() <= TOLERANCE
    context.setVelocitiesToTemperature(300.0, 1)
    integrator.step(200)
    assert error() < 2 * TOLERANCE
