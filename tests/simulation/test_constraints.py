import numpy as np
import openmm
import pytest

from openmm_mlff.simulation.constraints import (
    TOLERANCE,
    along_constraints,
    apply_constraints,
    constrained_pairs,
    langevin_integrator,
    largest_constraint_error,
    verlet_integrator,
)
from openmm_mlff.units import nm_from_angstrom


@pytest.fixture
def triangle():
    """Three atoms, two distances fixed at 1 Å, pulled by a field."""
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


POSITIONS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _context(system, integrator):
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))


def test_what_pulls_at_a_fixed_distance_is_taken_out(triangle):
    pairs = constrained_pairs(triangle)
    assert pairs.tolist() == [[0, 1], [0, 2]]
    forces = np.random.default_rng(1).normal(size=(3, 3))
    free = along_constraints(forces, positions=POSITIONS, pairs=pairs)
    for first, second in pairs:
        arm = POSITIONS[first] - POSITIONS[second]
        assert arm @ (free[first] - free[second]) == pytest.approx(0.0, abs=1e-12)
    again = along_constraints(free, positions=POSITIONS, pairs=pairs)
    np.testing.assert_allclose(again, free, atol=1e-12)
    # Inner forces of a pair do not push the whole.
    np.testing.assert_allclose(free.sum(axis=0), forces.sum(axis=0), atol=1e-12)


def test_without_constraints_forces_stay(triangle):
    forces = np.ones((3, 3))
    none = np.empty((0, 2), dtype=np.int64)
    assert along_constraints(forces, positions=POSITIONS, pairs=none) is forces


def test_atoms_are_moved_onto_their_distances(triangle):
    context = _context(triangle, verlet_integrator(1.0))
    context.setPositions(nm_from_angstrom(POSITIONS * 1.01))
    apply_constraints(context)
    placed = context.getState(positions=True).getPositions(asNumpy=True)._value * 10.0
    assert largest_constraint_error(triangle, POSITIONS * 1.01) == pytest.approx(0.01)
    assert largest_constraint_error(triangle, placed) <= TOLERANCE


@pytest.mark.parametrize(
    "integrator",
    [
        verlet_integrator(1.0),
        langevin_integrator(temperature_kelvin=300.0, friction_per_ps=1.0, timestep_fs=1.0, seed=3),
    ],
)
def test_distances_hold_tightly_in_a_run(triangle, integrator):
    context = _context(triangle, integrator)
    context.setPositions(nm_from_angstrom(POSITIONS))
    context.setVelocitiesToTemperature(300.0, 1)
    integrator.step(200)
    placed = context.getState(positions=True).getPositions(asNumpy=True)._value * 10.0
    assert largest_constraint_error(triangle, placed) < 2 * TOLERANCE
