"""Conformers of a molecule: as many as are different, of one chirality."""

import numpy as np
import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import covalent_bonds, load_system
from openmm_mlff.molecules.conformers import conformers


@pytest.mark.parametrize(("name", "count"), [("water", 1), ("benzene", 1), ("ethanol", 2)])
def test_rigid_molecules_have_one_and_ethanol_has_two(name, count):
    molecule = load_system(name)
    found = conformers(molecule, most=10)
    assert found.shape == (count, molecule.n_atoms, 3)
    for placed in found:
        assert covalent_bonds(molecule.atomic_numbers, placed) == molecule.bonds


def test_all_have_the_chirality_of_the_molecule_and_no_more_are_returned_than_wanted():
    molecule = load_system("alanine")
    (centre,) = [
        atom
        for atom in range(molecule.n_atoms)
        if len({molecule.atomic_numbers[k] for k in near(molecule, atom)}) == 3
    ]
    around = near(molecule, centre)

    def handedness(placed):
        return np.sign(np.linalg.det(placed[around[:3]] - placed[centre]))

    found = conformers(molecule, most=3)
    assert len(found) == 3
    assert {handedness(placed) for placed in found} == {handedness(molecule.positions_angstrom)}
    np.testing.assert_array_equal(found, conformers(molecule, most=3))


def near(molecule, atom):
    return [i + j - atom for i, j in molecule.bonds if atom in (i, j)]


def test_without_bond_orders_there_is_none():
    with pytest.raises(MoleculeError, match="no bond orders of methyl_radical"):
        conformers(load_system("methyl_radical"), most=3)
