"""A molecule as OpenMM and PDB files name it."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from openmm import app

from openmm_mlff.molecules import MolecularSystem, fragment_labels
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.rundir import write_text

UNNAMED_RESIDUE = "UNL"
"""What the PDB calls a ligand without a name."""

# Programs that read a PDB take these for amino acids, their caps, nucleotides or water: they rename
# the atoms, add bonds of their own and expect no CONECT records.
_RESERVED_RESIDUES = (
    "ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL "
    "ACE NH2 NME NAC ASH GLH LYN HID HIE HIP CYX MSE SEC PYL "
    "DA DC DG DT DI RA RC RG RU RI A C G I T U HOH WAT SOL TIP H2O DOD"
)


def residue_name(molecule_name: str) -> str:
    """Give a residue name: the first three letters, unless they mean something else in a PDB."""
    letters = "".join(letter for letter in molecule_name.upper() if letter.isascii())
    name = "".join(letter for letter in letters if letter.isalnum())[:3]
    return UNNAMED_RESIDUE if not name or name in _RESERVED_RESIDUES.split() else name


def openmm_topology(molecule: MolecularSystem) -> app.Topology:
    """Describe a molecule to OpenMM.

    Args:
        molecule: one or several molecules; each fragment becomes a residue only where its atoms
            stand together, else all are one.

    Returns:
        Topology with one chain; atoms named by element and number from one, e.g. C1, H5; the
        molecule's bonds, and its box where it has one.
    """
    topology = app.Topology()
    if molecule.cell_angstrom is not None:
        topology.setPeriodicBoxVectors(openmm_box_nm(molecule.cell_angstrom))
    chain = topology.addChain()
    name = residue_name(molecule.name)
    labels = fragment_labels(molecule.n_atoms, bonds=molecule.bonds or ())
    # Sorted labels: fragments follow one another, so residues keep the order of the atoms.
    separate = labels == sorted(labels)
    residue, last_label = None, None
    for index, (number, label) in enumerate(
        zip(molecule.atomic_numbers, labels, strict=True), start=1
    ):
        if residue is None or (separate and label != last_label):
            residue, last_label = topology.addResidue(name, chain), label
        element = app.Element.getByAtomicNumber(int(number))
        topology.addAtom(f"{element.symbol}{index}", element, residue)
    atoms = list(topology.atoms())
    for first, second in molecule.bonds or ():
        topology.addBond(atoms[first], atoms[second])
    return topology


def write_pdb(path: Path, molecule: MolecularSystem, *, positions_angstrom: npt.ArrayLike) -> None:
    """Write a PDB with CONECT records.

    Args:
        path: the file.
        molecule: names and bonds.
        positions_angstrom: (N, 3), Å.
    """
    text = io.StringIO()
    # Positions without a unit are in Å here, unlike elsewhere in OpenMM.
    app.PDBFile.writeFile(openmm_topology(molecule), np.asarray(positions_angstrom), text)
    write_text(path, text.getvalue())
