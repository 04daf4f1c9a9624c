import numpy as np
import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import covalent_bonds, load_system, load_systems


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


def test_a_smiles_always_gives_the_same_geometry():
    first, again = load_system("smiles:CC(C)C(N)C(=O)O"), load_system("smiles:OC(=O)C(N)C(C)C")
    assert first.name == again.name
    np.testing.assert_array_equal(
        load_system("smiles:CCO").positions_angstrom, load_system("smiles:CCO").positions_angstrom
    )


def test_names_are_safe_and_tell_molecules_apart():
    names = [
        load_system(f"smiles:{s}").name for s in ("CCO", "CC", "C=C", "C#C", "C/C=C/C", r"C/C=C\C")
    ]
    assert names[0] == "CCO"
    assert len(set(names)) == len(names)
    assert all(c.isalnum() or c in "._-" for name in names for c in name)


def test_charge_and_multiplicity_can_be_given():
    assert load_system("smiles:O=O", multiplicity=3).multiplicity == 3


@pytest.mark.parametrize("smiles", ["CC((", "", "prose of no meaning", "C(C)(C)(C)(C)C"])
def test_what_is_no_smiles_gets_one_line_and_rdkit_is_silent(smiles, capfd):
    with pytest.raises(MoleculeError, match="is not a SMILES") as caught:
        load_system(f"smiles:{smiles}")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_rdkit_s_log_speaks_again_afterwards(capfd):
    chem = pytest.importorskip("rdkit.Chem")
    with pytest.raises(MoleculeError):
        load_system("smiles:CC((")
    assert chem.MolFromSmiles("CC((") is None
    assert "Error" in capfd.readouterr().err


@pytest.mark.parametrize("smiles", ["O=O", "S=S", "O=O.O"])
def test_a_known_triplet_is_asked_about(smiles):
    with pytest.raises(MoleculeError, match="--multiplicity"):
        load_system(f"smiles:{smiles}")
    assert load_system(f"smiles:{smiles}", multiplicity=1).multiplicity == 1


@pytest.mark.parametrize("smiles", ["OO", "O", "[O-][O-]", "CS", "O=S=O"])
def test_closed_shells_are_not(smiles):
    assert load_system(f"smiles:{smiles}").multiplicity == 1
