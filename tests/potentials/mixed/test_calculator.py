import numpy as np
import pytest

from openmm_mlff.errors import PotentialError


def test_ase_gets_what_the_potential_evaluates(mixed, droplet):
    potential = mixed()
    atoms = droplet.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    found = potential.evaluate(droplet, droplet.positions_angstrom[None], precision="double")
    assert atoms.get_potential_energy() == pytest.approx(found.energies_ev[0], abs=1e-10)
    np.testing.assert_allclose(atoms.get_forces(), found.forces_ev_per_angstrom[0], atol=1e-10)


def test_half_a_box_is_refused(mixed, droplet):
    atoms = droplet.to_ase()
    atoms.cell, atoms.pbc = 30 * np.eye(3), [True, False, False]
    atoms.calc = mixed().ase_calculator()
    with pytest.raises(PotentialError, match="all True or all False"):
        atoms.get_potential_energy()


def test_no_atoms_are_refused(mixed):
    with pytest.raises(PotentialError, match=r"set atoms\.calc first"):
        mixed().ase_calculator().calculate()
