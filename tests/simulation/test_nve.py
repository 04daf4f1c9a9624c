import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.reporters.quantities import (
    kinetic_ev,
    positions_angstrom,
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

SPRING_KJ_PER_MOL_NM2 = 3.0e5
REST_NM = 0.1275
TIMESTEP_PS = 0.0005


class _Exact:
    """Leapfrog of a harmonic diatomic: a rotation by θ a step, sin(θ/2) = ωΔt/2."""

    def __init__(self, masses_amu, *, stretch_nm, velocity_nm_per_ps):
        self.reduced_mass = masses_amu.prod() / masses_amu.sum()
        omega = np.sqrt(SPRING_KJ_PER_MOL_NM2 / self.reduced_mass)
        self.angle = 2.0 * np.arcsin(omega * TIMESTEP_PS / 2.0)
        self.stretch_nm = stretch_nm
        self.velocity_nm_per_ps = velocity_nm_per_ps

    def stretch(self, step):
        sine = self.velocity_nm_per_ps * TIMESTEP_PS / np.sin(self.angle)
        return self.stretch_nm * np.cos(step * self.angle) + sine * np.sin(step * self.angle)

    def velocity_on_step(self, step):
        return (self.stretch(step + 1) - self.stretch(step - 1)) / (2.0 * TIMESTEP_PS)

    def velocity_half_a_step_back(self, step):
        return (self.stretch(step) - self.stretch(step - 1)) / TIMESTEP_PS


@pytest.fixture
def diatomic(bonded_by, hydrogen_chloride, platform):
    """HCl, stretched, on each platform."""

    def make(stretch_nm):
        simulation = make_simulation(
            bonded_by(f"{SPRING_KJ_PER_MOL_NM2 / 2}*(r-{REST_NM})^2"),
            hydrogen_chloride,
            openmm.VerletIntegrator(TIMESTEP_PS),
            platform=platform,
            positions_angstrom=[[0.0, 0.0, 0.0], [10.0 * (REST_NM + stretch_nm), 0.0, 0.0]],
        )
        return simulation, hydrogen_chloride.masses_amu

    return make


def _relative(vectors):
    return vectors[1, 0] - vectors[0, 0]


@pytest.mark.parametrize(("stretch_nm", "velocity_nm_per_ps"), [(0.01, 1.5), (-0.008, 0.0)])
def test_openmms_leapfrog_is_the_exact_one_from_velocities_on_the_step(
    diatomic, stretch_nm, velocity_nm_per_ps
):
    simulation, masses = diatomic(stretch_nm)
    exact = _Exact(masses, stretch_nm=stretch_nm, velocity_nm_per_ps=velocity_nm_per_ps)
    share = np.array([-masses[1], masses[0]]) / masses.sum()
    start = np.outer(10.0 * velocity_nm_per_ps * share, [1.0, 0.0, 0.0])
    set_start_velocities(simulation, start)
    for step in (0, 1, 2, 57, 1000):
        simulation.step(step - simulation.currentStep)
        state = simulation.context.getState(positions=True, velocities=True, energy=True)
        stretch = _relative(positions_angstrom(state)) - 10.0 * REST_NM
        assert stretch == pytest.approx(10.0 * exact.stretch(step), abs=1e-9)
        # getVelocities lies half a step back, getKineticEnergy does not.
        velocity = _relative(velocities_angstrom_per_ps(state))
        assert velocity == pytest.approx(10.0 * exact.velocity_half_a_step_back(step), abs=1e-6)
        on_step = 10.0 * exact.velocity_on_step(step)
        kinetic = 0.5 * exact.reduced_mass * on_step**2 * EV_PER_AMU_ANGSTROM2_PER_PS2
        assert kinetic_ev(state) == pytest.approx(kinetic, abs=1e-8)


def test_without_the_half_kick_the_first_energy_would_be_wrong(diatomic):
    # What the hand-over is there for.
    simulation, masses = diatomic(0.01)
    velocities = np.array([[0.0, 0.0, 0.0], [15.0, 0.0, 0.0]])
    wanted = 0.5 * masses[1] * 15.0**2 * EV_PER_AMU_ANGSTROM2_PER_PS2
    simulation.context.setVelocities(velocities / 10.0)
    raw = kinetic_ev(simulation.context.getState(energy=True))
    set_start_velocities(simulation, velocities)
    assert kinetic_ev(simulation.context.getState(energy=True)) == pytest.approx(wanted, rel=1e-9)
    assert abs(raw - wanted) > 0.05 * wanted


def _random_body(seed, n_atoms):
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 16, n_atoms), rng.normal(size=(n_atoms, 3)), rng.normal(size=(n_atoms, 3))


@pytest.mark.parametrize("n_atoms", [3, 4, 10])
def test_rigid_motion_goes_and_only_that(n_atoms):
    masses, positions, velocities = _random_body(n_atoms, n_atoms)
    inner = without_rigid_motion(
        velocities, positions_angstrom=positions, masses_amu=masses, rotations=3
    )
    linear, angular = momenta(positions, velocities_angstrom_per_ps=inner, masses_amu=masses)
    np.testing.assert_allclose(linear, 0.0, atol=1e-12)
    np.testing.assert_allclose(angular, 0.0, atol=1e-11)
    # A projection: what is left stays when it is done again, and no distance changes its speed.
    again = without_rigid_motion(
        inner, positions_angstrom=positions, masses_amu=masses, rotations=3
    )
    np.testing.assert_allclose(again, inner, atol=1e-12)
    first, second = np.triu_indices(n_atoms, 1)
    arms = positions[first] - positions[second]

    def stretching(v):
        return (arms * (v[first] - v[second])).sum(axis=1)

    np.testing.assert_allclose(stretching(inner), stretching(velocities), atol=1e-11)


def test_a_periodic_system_keeps_its_rotation():
    masses, positions, velocities = _random_body(1, 5)
    inner = without_rigid_motion(
        velocities, positions_angstrom=positions, masses_amu=masses, rotations=0
    )
    expected = velocities - masses @ velocities / masses.sum()
    np.testing.assert_allclose(inner, expected, atol=1e-14)


@pytest.mark.parametrize("direction", [[1.0, 0.0, 0.0], [0.3, -0.7, 0.648]])
def test_atoms_on_a_line_keep_what_moves_them_along_it(direction):
    masses = np.array([16.0, 12.0, 16.0])
    line = np.array(direction) / np.linalg.norm(direction)
    positions = np.outer([-1.16, 0.1, 1.16], line)
    velocities = np.random.default_rng(7).normal(size=(3, 3))
    inner = without_rigid_motion(
        velocities, positions_angstrom=positions, masses_amu=masses, rotations=2
    )
    assert np.abs(inner).max() < 10.0
    linear, angular = momenta(positions, velocities_angstrom_per_ps=inner, masses_amu=masses)
    np.testing.assert_allclose(linear, 0.0, atol=1e-12)
    np.testing.assert_allclose(angular, 0.0, atol=1e-11)
    stretching = np.diff(velocities @ line)
    np.testing.assert_allclose(np.diff(inner @ line), stretching, atol=1e-12)


@pytest.mark.parametrize("bent_angstrom", [1e-6, 0.06, 0.3])
def test_a_linear_molecule_keeps_its_bending_vibration(bent_angstrom):
    masses = np.array([16.0, 12.0, 16.0])
    positions = np.array([[-1.16, 0.0, 0.0], [0.0, bent_angstrom, 0.0], [1.16, 0.0, 0.0]])
    velocities = np.random.default_rng(7).normal(size=(3, 3))
    inner = without_rigid_motion(
        velocities, positions_angstrom=positions, masses_amu=masses, rotations=2
    )
    linear, angular = momenta(positions, velocities_angstrom_per_ps=inner, masses_amu=masses)
    _, before = momenta(positions, velocities_angstrom_per_ps=velocities, masses_amu=masses)
    np.testing.assert_allclose(linear, 0.0, atol=1e-12)
    np.testing.assert_allclose(angular, [before[0], 0.0, 0.0], atol=1e-11)
    assert np.abs(inner).max() < 10.0


def test_a_diatomic_keeps_its_vibration_alone():
    masses = np.array([35.45, 1.008])
    positions = np.array([[0.0, 0.0, 0.0], [0.0, 1.2, 0.9]])
    velocities = np.random.default_rng(9).normal(size=(2, 3))
    inner = without_rigid_motion(
        velocities, positions_angstrom=positions, masses_amu=masses, rotations=2
    )
    axis = np.array([0.0, 0.8, 0.6])
    relative = inner[1] - inner[0]
    np.testing.assert_allclose(
        relative, axis * (axis @ (velocities[1] - velocities[0])), atol=1e-12
    )


def test_an_atom_comes_to_rest():
    inner = without_rigid_motion(
        np.array([[1.0, 2.0, 3.0]]),
        positions_angstrom=np.array([[4.0, 5.0, 6.0]]),
        masses_amu=np.array([39.9]),
        rotations=0,
    )
    np.testing.assert_allclose(inner, 0.0, atol=1e-14)


def _system(n_atoms, *, periodic=False, remover=False):
    system = openmm.System()
    nonbonded = openmm.NonbondedForce()
    for _ in range(n_atoms):
        system.addParticle(10.0)
        nonbonded.addParticle(0.0, 1.0, 0.0)
    if periodic:
        nonbonded.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    system.addForce(nonbonded)
    if remover:
        system.addForce(openmm.CMMotionRemover())
    return system


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([[0, 0, 0]], 0),
        ([[0, 0, 0], [1, 1, 0]], 1),
        ([[-1, 0, 0], [0, 0, 0], [1, 0, 0]], 4),
        ([[-1, 0, 0], [0, 1e-3, 0], [1, 0, 0]], 4),
        ([[-1, 0, 0], [0, 0.1, 0], [1, 0, 0]], 3),
        ([[-1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], 6),
    ],
)
def test_degrees_of_freedom_of_isolated_molecules(positions, expected):
    positions = np.array(positions, dtype=float)
    for remover in (False, True):
        system = _system(len(positions), remover=remover)
        rotations = removable_rotations(system, minimum_angstrom=positions)
        assert nve_degrees_of_freedom(system, rotations=rotations) == expected


def test_degrees_of_freedom_of_a_periodic_box():
    system = _system(4, periodic=True)
    positions = np.random.default_rng(1).normal(size=(4, 3))
    assert removable_rotations(system, minimum_angstrom=positions) == 0
    assert nve_degrees_of_freedom(system, rotations=0) == 9


def test_half_a_kick_is_half_of_what_one_step_adds(diatomic):
    simulation, _ = diatomic(0.01)
    velocities = np.array([[1.0, 0.0, 0.0], [15.0, 2.0, 0.0]])
    simulation.context.setVelocities(velocities / 10.0)
    kick = 2.0 * half_kick_angstrom_per_ps(simulation.context)
    simulation.step(1)
    after = velocities_angstrom_per_ps(simulation.context.getState(velocities=True))
    np.testing.assert_allclose(after - velocities, kick, atol=1e-6)
    assert np.abs(kick).max() > 1.0


def test_thermal_velocities_are_those_of_maxwell_and_boltzmann():
    masses = np.array([1.0, 16.0]).repeat(20000)

    velocities = thermal_velocities(masses, temperature_kelvin=300.0, seed=2)

    for mass in (1.0, 16.0):
        mean_square = (velocities[masses == mass] ** 2).mean()
        kinetic_ev = 0.5 * mass * mean_square * EV_PER_AMU_ANGSTROM2_PER_PS2
        assert kinetic_ev == pytest.approx(0.5 * BOLTZMANN_EV_PER_KELVIN * 300.0, rel=0.02)
    again = thermal_velocities(masses, temperature_kelvin=300.0, seed=2)
    np.testing.assert_array_equal(velocities, again)
