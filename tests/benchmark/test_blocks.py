import numpy as np
import openmm
import pytest
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.benchmark.blocks import (
    Start,
    ase_block,
    openmm_block,
    thermal_start,
)
from openmm_mlff.errors import SimulationError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import named_platform
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

SPRING_EV_PER_ANGSTROM2 = 2.0
SPRING_KJ_PER_MOL_NM2 = SPRING_EV_PER_ANGSTROM2 * 9648.533212331002


class CountingSprings(Calculator):
    """Each atom on a spring to the origin, E = k x²/2; counts its evaluations."""

    implemented_properties = ("energy", "forces")

    def __init__(self):
        super().__init__()
        self.seen = []

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        placed = self.atoms.positions.copy()
        self.seen.append(placed)
        energy = 0.5 * SPRING_EV_PER_ANGSTROM2 * (placed**2).sum()
        self.results = {"energy": energy, "forces": -SPRING_EV_PER_ANGSTROM2 * placed}


class CountingForce:
    """The same springs as a `PythonForce`."""

    def __init__(self):
        self.seen = []

    def __call__(self, state):
        placed_nm = state.getPositions(asNumpy=True)._value
        self.seen.append(10.0 * placed_nm)
        energy = 0.5 * SPRING_KJ_PER_MOL_NM2 * (placed_nm**2).sum()
        return energy, -SPRING_KJ_PER_MOL_NM2 * placed_nm


@pytest.fixture
def start(water):
    return thermal_start(
        water, positions_angstrom=water.positions_angstrom, temperature_kelvin=300.0, seed=2
    )


def test_thermal_velocities_are_repeatable_and_have_no_rigid_motion(water, start):
    again = thermal_start(
        water, positions_angstrom=water.positions_angstrom, temperature_kelvin=300.0, seed=2
    )
    velocities, masses = start.velocities_angstrom_per_ps, water.masses_amu
    np.testing.assert_array_equal(velocities, again.velocities_angstrom_per_ps)
    np.testing.assert_allclose(masses @ velocities, 0.0, atol=1e-10)
    arms = water.positions_angstrom - masses @ water.positions_angstrom / masses.sum()
    np.testing.assert_allclose(masses @ np.cross(arms, velocities), 0.0, atol=1e-10)


def test_thermal_velocities_have_the_temperature():
    molecule = load_system("valine")
    temperatures = []
    for seed in range(100):
        velocities = thermal_start(
            molecule,
            positions_angstrom=molecule.positions_angstrom,
            temperature_kelvin=250.0,
            seed=seed,
        ).velocities_angstrom_per_ps
        twice_kinetic_ev = EV_PER_AMU_ANGSTROM2_PER_PS2 * (
            molecule.masses_amu @ (velocities**2).sum(axis=1)
        )
        freedom = 3 * molecule.n_atoms - 6
        temperatures.append(twice_kinetic_ev / (freedom * BOLTZMANN_EV_PER_KELVIN))
    # Of chi squared with 51 degrees of freedom, the mean of 100 draws is known to 2 %.
    assert np.mean(temperatures) == pytest.approx(250.0, rel=0.06)


def test_openmm_block_restarts_and_evaluates_once_a_step(water, start):
    force = CountingForce()
    system = bare_system(water)
    system.addForce(openmm.PythonForce(force))
    block = openmm_block(
        system, water, platform=named_platform("Reference"), start=start, timestep_fs=0.5
    )
    paths = []
    for _ in range(2):
        force.seen.clear()
        assert block(7) > 0.0
        # One for the half step back, before the clock starts, and one a step.
        assert len(force.seen) == 1 + 7
        paths.append(np.array(force.seen))
    np.testing.assert_array_equal(paths[0], paths[1])
    np.testing.assert_allclose(paths[0][0], start.positions_angstrom, atol=1e-12)


def test_ase_block_restarts_and_evaluates_once_a_step(water, start):
    calculator = CountingSprings()
    block = ase_block(calculator, water, start=start, timestep_fs=0.5)
    paths = []
    for _ in range(2):
        calculator.seen.clear()
        assert block(7) > 0.0
        assert len(calculator.seen) == 1 + 7
        paths.append(np.array(calculator.seen))
    np.testing.assert_array_equal(paths[0], paths[1])


def test_openmm_and_ase_run_the_same_dynamics(water, start):
    force, calculator = CountingForce(), CountingSprings()
    system = bare_system(water)
    system.addForce(openmm.PythonForce(force))
    platform = named_platform("Reference")
    through_openmm = openmm_block(system, water, platform=platform, start=start, timestep_fs=0.5)
    force.seen.clear()
    through_openmm(20)
    ase_block(calculator, water, start=start, timestep_fs=0.5)(19)
    # OpenMM evaluates where a step begins, ASE where it ends.
    np.testing.assert_allclose(np.array(force.seen)[1:], np.array(calculator.seen), atol=1e-6)


def test_openmm_block_of_a_model_that_blows_up(water, start):
    force = openmm.CustomExternalForce("-1e12*(x^2+y^2+z^2)")
    for atom in range(water.n_atoms):
        force.addParticle(atom)
    system = bare_system(water)
    system.addForce(force)
    block = openmm_block(
        system, water, platform=named_platform("Reference"), start=start, timestep_fs=0.5
    )
    with pytest.raises(SimulationError, match="not numbers"):
        block(200)


def test_start_of_a_single_atom_stands_still():
    helium = MolecularSystem("helium", np.array([2]), np.zeros((1, 3)))
    start = thermal_start(
        helium, positions_angstrom=np.zeros((1, 3)), temperature_kelvin=300.0, seed=1
    )
    assert isinstance(start, Start)
    np.testing.assert_allclose(start.velocities_angstrom_per_ps, 0.0, atol=1e-12)
