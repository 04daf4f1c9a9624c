import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff import units
from openmm_mlff.simulation.ase_path import velocity_verlet_positions

SPRING_EV_PER_ANGSTROM2 = 30.0
VELOCITIES = np.array([[0.0, 3.0, 0.0], [20.0, 0.0, -10.0]])


class Spring(Calculator):
    """Each atom is bound to its start, isotropically."""

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


def run(molecule, *, timestep_fs: float, steps: int) -> np.ndarray:
    return velocity_verlet_positions(
        molecule,
        Spring(molecule.positions_angstrom),
        velocities_angstrom_per_ps=VELOCITIES,
        timestep_fs=timestep_fs,
        steps=steps,
        masses_amu=molecule.masses_amu,
    )


def test_it_is_velocity_verlet_to_the_last_digits(hydrogen_chloride):
    dt_ps = units.ps_from_fs(0.5)
    mass_factor = hydrogen_chloride.masses_amu[:, None] * units.EV_PER_AMU_ANGSTROM2_PER_PS2
    start = hydrogen_chloride.positions_angstrom.copy()
    away, velocity, expected = np.zeros((2, 3)), VELOCITIES, []
    for _ in range(60):
        velocity = velocity - 0.5 * dt_ps * SPRING_EV_PER_ANGSTROM2 * away / mass_factor
        away = away + dt_ps * velocity
        velocity = velocity - 0.5 * dt_ps * SPRING_EV_PER_ANGSTROM2 * away / mass_factor
        expected.append(start + away)
    found = run(hydrogen_chloride, timestep_fs=0.5, steps=60)
    # ASE uses the constants of CODATA 2014.
    np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_array_equal(hydrogen_chloride.positions_angstrom, start)
