import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.reporters.quantities import (
    kinetic_ev,
    velocities_angstrom_per_ps,
)
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.nve import (
    half_kick_angstrom_per_ps,
    nve_degrees_of_freedom,
    removable_rotations,
    set_start_velocities,
    thermal_velocities,
    without_rigid_motion,
)
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

LINE = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


def test_the_half_kick_is_half_of_a_step_and_changes_the_first_energy(
    bonded_by, hydrogen_chloride, platform
):
    simulation = make_simulation(
        bonded_by("1.5e5*(r-0.1275)^2"),
        hydrogen_chloride,
        openmm.VerletIntegrator(0.0005),
        platform=platform,
        positions_angstrom=[[0.0, 0.0, 0.0], [1.375, 0.0, 0.0]],
    )
    velocities = np.array([[0.0, 0.0, 0.0], [15.0, 0.0, 0.0]])
    mass = hydrogen_chloride.masses_amu[1]
    wanted = 0.5 * mass * 15.0**2 * EV_PER_AMU_ANGSTROM2_PER_PS2
    simulation.context.setVelocities(velocities / 10.0)
    raw = kinetic_ev(simulation.context.getState(energy=True))
    assert abs(raw - wanted) > 0.05 * wanted
    set_start_velocities(simulation, velocities)
    assert kinetic_ev(simulation.context.getState(energy=True)) == pytest.approx(wanted, rel=1e-9)
    simulation.context.setVelocities(velocities / 10.0)
    kick = 2.0 * half_kick_angstrom_per_ps(simulation.context)
    simulation.step(1)
    after = velocities_angstrom_per_ps(simulation.context.getState(velocities=True))
    np.testing.assert_allclose(after - velocities, kick, atol=1e-6)
    assert np.abs(kick).max() > 1.0


def cleaned(masses, positions, velocities, rotations):
    """Velocities without rigid motion, and their linear and angular momentum."""
    given = {"positions_angstrom": positions, "masses_amu": masses}
    inner = without_rigid_motion(velocities, rotations=rotations, **given)
    return inner, momenta(positions, velocities_angstrom_per_ps=inner, masses_amu=masses)


@pytest.mark.parametrize("n_atoms", [3, 4, 10])
def test_only_rigid_motion_is_removed(n_atoms):
    rng = np.random.default_rng(n_atoms)
    masses, positions = rng.uniform(1, 16, n_atoms), rng.normal(size=(n_atoms, 3))
    velocities = rng.normal(size=(n_atoms, 3))
    inner, momentum = cleaned(masses, positions, velocities, 3)
    np.testing.assert_allclose(momentum, 0.0, atol=1e-11)
    # A projection, which does not change the rate of any distance.
    again, _ = cleaned(masses, positions, inner, 3)
    np.testing.assert_allclose(again, inner, atol=1e-12)
    first, second = np.triu_indices(n_atoms, 1)
    arms = positions[first] - positions[second]
    rates = [(arms * (v[first] - v[second])).sum(axis=1) for v in (inner, velocities)]
    np.testing.assert_allclose(*rates, atol=1e-11)
    # A periodic system keeps its rotation.
    inner, _ = cleaned(masses, positions, velocities, 0)
    expected = velocities - masses @ velocities / masses.sum()
    np.testing.assert_allclose(inner, expected, atol=1e-14)


@pytest.mark.parametrize("direction", [[1.0, 0.0, 0.0], [0.3, -0.7, 0.648]])
@pytest.mark.parametrize("masses", [[16.0, 12.0, 16.0], [35.45, 1.008], [39.9]])
def test_atoms_on_a_line_keep_their_motion_along_it(direction, masses):
    line = np.array(direction) / np.linalg.norm(direction)
    masses = np.array(masses)
    positions = np.outer([-1.16, 0.1, 1.16][: len(masses)], line)
    velocities = np.random.default_rng(7).normal(size=(len(masses), 3))
    inner, momentum = cleaned(masses, positions, velocities, 0 if len(masses) == 1 else 2)
    assert np.abs(inner).max() < 10.0
    np.testing.assert_allclose(momentum, 0.0, atol=1e-11)
    np.testing.assert_allclose(np.diff(inner @ line), np.diff(velocities @ line), atol=1e-12)


@pytest.mark.parametrize("bent_angstrom", [1e-6, 0.06, 0.3])
def test_a_linear_molecule_keeps_its_bending_vibration(bent_angstrom):
    masses = np.array([16.0, 12.0, 16.0])
    positions = 1.16 * LINE
    positions[1, 1] = bent_angstrom
    velocities = np.random.default_rng(7).normal(size=(3, 3))
    inner, (linear, angular) = cleaned(masses, positions, velocities, 2)
    _, before = momenta(positions, velocities_angstrom_per_ps=velocities, masses_amu=masses)
    np.testing.assert_allclose(linear, 0.0, atol=1e-12)
    np.testing.assert_allclose(angular, [before[0], 0.0, 0.0], atol=1e-11)
    assert np.abs(inner).max() < 10.0


@pytest.mark.parametrize(
    ("positions", "periodic", "expected"),
    [
        ([[0, 0, 0]], False, 0),
        ([[0, 0, 0], [1, 1, 0]], False, 1),
        (LINE, False, 4),
        ([[-1, 0, 0], [0, 1e-3, 0], [1, 0, 0]], False, 4),
        ([[-1, 0, 0], [0, 0.1, 0], [1, 0, 0]], False, 3),
        ([[-1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], False, 6),
        (np.random.default_rng(1).normal(size=(4, 3)), True, 9),
    ],
)
def test_degrees_of_freedom_of_molecules_and_boxes(positions, periodic, expected):
    system, nonbonded = openmm.System(), openmm.NonbondedForce()
    for _ in positions:
        system.addParticle(10.0)
        nonbonded.addParticle(0.0, 1.0, 0.0)
    if periodic:
        nonbonded.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    system.addForce(nonbonded)
    for _ in range(2):
        rotations = removable_rotations(system, minimum_angstrom=np.array(positions, dtype=float))
        assert not (periodic and rotations)
        assert nve_degrees_of_freedom(system, rotations=rotations) == expected
        # A remover of the motion of the centre of mass changes nothing.
        system.addForce(openmm.CMMotionRemover())


def test_thermal_velocities_are_maxwell_boltzmann_and_reproducible():
    masses = np.array([1.0, 16.0]).repeat(20000)
    velocities = thermal_velocities(masses, temperature_kelvin=300.0, seed=2)
    for mass in (1.0, 16.0):
        mean_square = (velocities[masses == mass] ** 2).mean()
        kinetic = 0.5 * mass * mean_square * EV_PER_AMU_ANGSTROM2_PER_PS2
        assert kinetic == pytest.approx(0.5 * BOLTZMANN_EV_PER_KELVIN * 300.0, rel=0.02)
    again = thermal_velocities(masses, temperature_kelvin=300.0, seed=2)
    np.testing.assert_array_equal(velocities, again)
