import numpy as np

from openmm_mlff.selftest.oracles.surface import SurfacePotential


class Springs(SurfacePotential):
    """Atoms on springs to the origin; counts how many functions were made."""

    made = 0

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        self.made += 1
        return lambda positions: (0.5 * (positions**2).sum((1, 2)), -positions)


def test_a_calculator_makes_one_function_and_keeps_it(water):
    potential = Springs(name="springs", seed=1)
    assert potential.spec == "selftest:springs?seed=1"
    assert len(potential.sha256) == 64
    atoms = water.to_ase()
    atoms.calc = potential.ase_calculator()
    energy = atoms.get_potential_energy()
    atoms.rattle(0.1, seed=1)
    assert atoms.get_potential_energy() != energy
    assert potential.made == 1
    np.testing.assert_allclose(atoms.get_forces(), -atoms.positions)
