import numpy as np
import pytest
from rdkit import Chem

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import covalent_bonds, load_system, load_systems
from openmm_mlff.molecules.embedding import conformers


@pytest.mark.parametrize(
    ("smiles", "formula", "charge", "multiplicity", "fragments"),
    [
        ("CCO", "C2H6O", 0, 1, 1),
        ("CC(=O)[O-]", "C2H3O2", -1, 1, 1),
        ("[NH4+]", "H4N", 1, 1, 1),
        ("[CH3]", "CH3", 0, 2, 1),
        ("[O]", "O", 0, 3, 1),
        ("O.c1ccccc1.O", "C6H10O2", 0, 1, 3),
        ("[H][H]", "H2", 0, 1, 1),
    ],
)
def test_a_smiles_is_a_molecule(smiles, formula, charge, multiplicity, fragments):
    [system] = load_systems(f"smiles:{smiles}")
    assert (system.formula, system.charge, system.multiplicity) == (formula, charge, multiplicity)
    assert system.fragments == fragments
    # The geometry has the bonds of the formula, and no others.
    assert system.bonds == covalent_bonds(system.atomic_numbers, system.positions_angstrom)


def test_a_smiles_has_a_reproducible_geometry_and_a_safe_name_of_its_own():
    first, again = load_system("smiles:CC(C)C(N)C(=O)O"), load_system("smiles:OC(=O)C(N)C(C)C")
    assert first.name == again.name
    positions = [load_system("smiles:CCO").positions_angstrom for _ in range(2)]
    np.testing.assert_array_equal(*positions)
    smiles = ("CCO", "CC", "C=C", "C#C", "C/C=C/C", r"C/C=C\C")
    names = [load_system(f"smiles:{one}").name for one in smiles]
    assert names[0] == "CCO"
    assert len(set(names)) == len(names)
    assert all(c.isalnum() or c in "._-" for name in names for c in name)


def test_other_texts_are_refused_without_output_of_rdkit(capfd):
    with pytest.raises(MoleculeError, match="is not a SMILES"):
        load_system("smiles:C(C)(C)(C)(C)C")
    assert capfd.readouterr().err == ""
    # RDKit's log works again afterwards.
    assert Chem.MolFromSmiles("CC((") is None
    assert "Error" in capfd.readouterr().err


@pytest.mark.parametrize("smiles", ["O=O", "S=S", "O=O.O"])
def test_a_known_triplet_requires_a_multiplicity(smiles):
    with pytest.raises(MoleculeError, match="--multiplicity"):
        load_system(f"smiles:{smiles}")
    for multiplicity in (1, 3):
        found = load_system(f"smiles:{smiles}", multiplicity=multiplicity)
        assert found.multiplicity == multiplicity


@pytest.mark.parametrize("smiles", ["OO", "O", "[O-][O-]", "CS", "O=S=O"])
def test_closed_shells_do_not(smiles):
    assert load_system(f"smiles:{smiles}").multiplicity == 1


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
