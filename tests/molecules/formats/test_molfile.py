import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import covalent_bonds, load_system, load_systems

from ..conftest import embedded

HYDROXIDE = """hydroxide
  made by hand

  2  1  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 O   0  5  0  0  0  0  0  0  0  0  0  0
    0.9700    0.0000    0.0000 H   0  0  0  0  0  0  0  0  0  0  0  0
  1  2  1  0
M  END
$$$$
"""
RADICAL = HYDROXIDE.replace("O   0  5", "O   0  0").replace("M  END", "M  RAD  1   1   2\nM  END")


@pytest.mark.parametrize("v3000", [False, True])
def test_a_molfile_of_rdkit_is_read_with_its_bonds(write, v3000):
    peptide = embedded("CC(=O)NC(C)C(=O)NC")
    system = load_system(write("peptide.mol", Chem.MolToMolBlock(peptide, forceV3000=v3000)))
    assert list(system.symbols) == [atom.GetSymbol() for atom in peptide.GetAtoms()]
    placed = peptide.GetConformer().GetPositions()
    np.testing.assert_allclose(system.positions_angstrom, placed, atol=6e-5)
    bonds = [sorted((b.GetBeginAtomIdx(), b.GetEndAtomIdx())) for b in peptide.GetBonds()]
    assert system.bonds == tuple(sorted(map(tuple, bonds)))
    assert (system.name, system.charge, system.multiplicity) == ("peptide", 0, 1)


@pytest.mark.parametrize("v3000", [False, True])
def test_formal_charges_and_radicals(write, v3000):
    for smiles, expected in (
        ("C[N+](C)(C)C", (1, 1)),
        ("[CH3]", (0, 2)),
        ("[O-]S(=O)(=O)[O-]", (-2, 1)),
    ):
        block = Chem.MolToMolBlock(embedded(smiles), forceV3000=v3000)
        path = write("ion.sdf", block + "$$$$\n")
        system = load_system(path)
        assert (system.charge, system.multiplicity) == expected


def test_charges_and_radicals_of_hand_written_files_are_read(write):
    assert load_system(write("oh.sdf", HYDROXIDE)).charge == -1
    assert load_system(write("radical.sdf", RADICAL)).multiplicity == 2


def test_bonds_are_the_file_s_own(write):
    # 1.3 Å apart, too far for the covalent radii.
    text = HYDROXIDE.replace("0.9700", "1.3000")
    system = load_system(write("long.sdf", text))
    assert covalent_bonds(system.atomic_numbers, system.positions_angstrom) == ()
    assert system.bonds == ((0, 1),)
    without = text.replace("  1  2  1  0\n", "").replace("  2  1  0", "  2  0  0")
    assert load_system(write("none.sdf", without)).bonds == ()


def test_every_record_is_a_system(write):
    titles = ["first one", "../../etc", "", "first one", "première"]
    # A molblock begins with the title.
    water = Chem.MolToMolBlock(embedded("O")) + "> <ID>\n7\n\n$$$$\n"
    systems = load_systems(write("many.sdf", "".join(title + water for title in titles)))
    names = ["first_one-1", "etc", "many-3", "first_one-2", "premi_re"]
    assert [system.name for system in systems] == names
    assert {system.formula for system in systems} == {"H2O"}
    assert "@3" in systems[3].source


def test_a_flat_drawing_is_refused(write):
    molecule = Chem.AddHs(Chem.MolFromSmiles("CC"))
    rdDepictor.Compute2DCoords(molecule)
    with pytest.raises(MoleculeError, match="a flat drawing"):
        load_system(write("flat.mol", Chem.MolToMolBlock(molecule)))
