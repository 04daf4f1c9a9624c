import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff import units
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation.ase_path import velocity_verlet_positions

SPRING_EV_PER_ANGSTROM2 = 30.0


class Spring(Calculator):
    """Atom 0 stands; atom 1 is bound to where it started, in each direction alike."""

    def __init__(self, rest: np.ndarray) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]
        self.rest = rest

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        away = self.atoms.positions - self.rest
        self.results = {
            "energy": 0.5 * SPRING_EV_PER_ANGSTROM2 * float((away**2).sum()),
            "forces": -SPRING_EV_PER_ANGSTROM2 * away,
        }


@pytest.fixture
def molecule():
    return MolecularSystem(
        name="hydrogen chloride",
        atomic_numbers=np.array([17, 1]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.275, 0.0, 0.0]]),
    )


def run(molecule, *, timestep_fs: float, steps: int) -> np.ndarray:
    return velocity_verlet_positions(
        molecule,
        Spring(molecule.positions_angstrom),
        velocities_angstrom_per_ps=np.array([[0.0, 3.0, 0.0], [20.0, 0.0, -10.0]]),
        timestep_fs=timestep_fs,
        steps=steps,
    )


def test_it_is_velocity_verlet_to_the_last_digits(molecule):
    timestep_fs, steps = 0.5, 60
    dt_ps = units.ps_from_fs(timestep_fs)
    to_acceleration = 1.0 / (molecule.masses_amu[:, None] * units.EV_PER_AMU_ANGSTROM2_PER_PS2)
    away = np.zeros((2, 3))
    velocity = np.array([[0.0, 3.0, 0.0], [20.0, 0.0, -10.0]])
    expected = []
    for _ in range(steps):
        velocity = velocity - 0.5 * dt_ps * SPRING_EV_PER_ANGSTROM2 * away * to_acceleration
        away = away + dt_ps * velocity
        velocity = velocity - 0.5 * dt_ps * SPRING_EV_PER_ANGSTROM2 * away * to_acceleration
        expected.append(molecule.positions_angstrom + away)

    found = run(molecule, timestep_fs=timestep_fs, steps=steps)

    assert found.shape == (60, 2, 3)
    # ASE's own constants are those of CODATA 2014.
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_it_nears_the_harmonic_oscillator_as_the_step_shrinks(molecule):
    duration_ps = 0.01
    mass = molecule.masses_amu[1] * units.EV_PER_AMU_ANGSTROM2_PER_PS2
    frequency = np.sqrt(SPRING_EV_PER_ANGSTROM2 / mass)
    exact = np.array([20.0, 0.0, -10.0]) * np.sin(frequency * duration_ps) / frequency
    errors = []
    for timestep_fs in (0.4, 0.2, 0.1):
        steps = round(units.fs_from_ps(duration_ps) / timestep_fs)
        away = run(molecule, timestep_fs=timestep_fs, steps=steps)[-1, 1]
        errors.append(np.abs(away - molecule.positions_angstrom[1] - exact).max())

    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 4.0, rtol=0.1)


def test_the_molecule_is_left_alone(molecule):
    before = molecule.positions_angstrom.copy()

    run(molecule, timestep_fs=0.5, steps=3)

    np.testing.assert_array_equal(molecule.positions_angstrom, before)
