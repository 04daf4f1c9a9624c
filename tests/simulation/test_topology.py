import mdtraj
import numpy as np
import pytest

from openmm_mlff.molecules import MolecularSystem, list_systems, load_system
from openmm_mlff.simulation.topology import openmm_topology, residue_name, write_pdb


@pytest.mark.parametrize("name", list_systems())
def test_mdtraj_reads_every_molecule_unchanged(tmp_path, name):
    molecule = load_system(name)
    write_pdb(tmp_path / "topology.pdb", molecule, positions_angstrom=molecule.positions_angstrom)
    read = mdtraj.load(str(tmp_path / "topology.pdb"))
    numbers = [atom.element.atomic_number for atom in read.topology.atoms]
    np.testing.assert_array_equal(numbers, molecule.atomic_numbers)
    bonds = {tuple(sorted((a.index, b.index))) for a, b in read.topology.bonds}
    known = set(molecule.bonds)
    most = np.bincount(np.array(molecule.bonds, dtype=int).ravel(), minlength=1).max()
    # OpenMM leaves CONECT partners out for an atom with more than four (copper).
    assert bonds == known if most <= 4 else bonds < known
    np.testing.assert_allclose(10.0 * read.xyz[0], molecule.positions_angstrom, atol=6e-4)


@pytest.mark.parametrize(
    ("molecule", "residue"),
    [
        ("benzene", "BEN"),
        ("my-ligand 7", "MYL"),
        ("water", "UNL"),
        ("alanine", "UNL"),
        ("methane", "UNL"),
        ("水", "UNL"),
        ("", "UNL"),
    ],
)
def test_residues_are_named_for_the_molecule_unless_the_name_is_taken(molecule, residue):
    assert residue_name(molecule) == residue


def test_atoms_are_named_by_element_and_separate_molecules_are_residues():
    water = load_system("water")
    numbers = np.tile(water.atomic_numbers, 2)
    positions = np.vstack([water.positions_angstrom, 4.0 + water.positions_angstrom])
    assert openmm_topology(MolecularSystem("dimer", numbers, positions)).getNumResidues() == 2
    # Atoms of one residue are contiguous.
    order = [0, 3, 1, 2, 4, 5]
    topology = openmm_topology(MolecularSystem("dimer", numbers[order], positions[order]))
    assert topology.getNumResidues() == 1
    assert [atom.name for atom in topology.atoms()] == ["O1", "O2", "H3", "H4", "H5", "H6"]
    assert topology.getNumBonds() == 4
    assert topology.getPeriodicBoxVectors() is None
