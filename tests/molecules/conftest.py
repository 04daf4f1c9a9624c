import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import rotatable_torsions


@pytest.fixture
def write(tmp_path):
    def to_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def water():
    return load_system("water")


@pytest.fixture
def dipeptide():
    return load_system("alanine_dipeptide")


def assert_read_back(system, molecule, *, atol):
    """Check that elements, positions, Å, and bonds are those of a molecule that was written."""
    np.testing.assert_array_equal(system.atomic_numbers, molecule.atomic_numbers)
    np.testing.assert_allclose(system.positions_angstrom, molecule.positions_angstrom, atol=atol)
    assert system.bonds == molecule.bonds


def torsions_of(molecule):
    """The bonds of a molecule that turn."""
    return rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )


def helium(count):
    """Frames of an atom at z = 0, 1, ... Å as XYZ."""
    return "".join(f"1\n\nHe 0 0 {z}\n" for z in range(count))


def embedded(smiles):
    """Let RDKit make a molecule with its hydrogens in three dimensions."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(molecule, randomSeed=1) == 0
    return molecule


def atom(serial, name, position, *, residue="LIG", number=1, altloc=" ", element="", charge=""):
    """Return a line of a PDB file; the name fills its four columns."""
    x, y, z = position
    return (
        f"HETATM{serial:5d} {name:4s}{altloc}{residue:>3s} A{number:4d}    "
        f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {element:>2s}{charge:2s}\n"
    )
