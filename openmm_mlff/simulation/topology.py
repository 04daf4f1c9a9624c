"""A molecule as OpenMM topology and PDB."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from openmm import app

from openmm_mlff.molecules import MolecularSystem, fragment_labels
from openmm_mlff.potentials.topology import topology_of
from openmm_mlff.storage.files import write_text

UNNAMED_RESIDUE = "UNL"
"""PDB name of an unknown ligand."""

# PDB readers interpret these as amino acids, caps, nucleotides or water: they rename atoms, add
# bonds and expect no CONECT records.
_RESERVED_RESIDUES = (
    "ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL "
    "ACE NH2 NME NAC ASH GLH LYN HID HIE HIP CYX MSE SEC PYL "
    "DA DC DG DT DI RA RC RG RU RI A C G I T U HOH WAT SOL TIP H2O DOD"
)


def residue_name(molecule_name: str) -> str:
    """Return the first three letters as residue name, unless that name is reserved in PDB."""
    letters = "".join(letter for letter in molecule_name.upper() if letter.isascii())
    name = "".join(letter for letter in letters if letter.isalnum())[:3]
    return UNNAMED_RESIDUE if not name or name in _RESERVED_RESIDUES.split() else name


def openmm_topology(molecule: MolecularSystem) -> app.Topology:
    """Return the topology of a molecule, see :func:`~openmm_mlff.potentials.topology.topology_of`.

    Each fragment is a residue if the atoms of each are contiguous; else all atoms are one.
    """
    labels = fragment_labels(molecule.n_atoms, bonds=molecule.bonds)
    # Sorted labels mean contiguous fragments; a label is the first atom of its fragment.
    starts = set(labels) if labels == sorted(labels) else set()
    return topology_of(molecule, residue_starts=starts, residue_name=residue_name(molecule.name))


def write_pdb(path: Path, molecule: MolecularSystem, *, positions_angstrom: npt.ArrayLike) -> None:
    """Write a PDB with CONECT records; positions are (N, 3)."""
    text = io.StringIO()
    # PDBFile interprets positions without a unit as Å, unlike the rest of OpenMM.
    app.PDBFile.writeFile(openmm_topology(molecule), np.asarray(positions_angstrom), text)
    write_text(path, text.getvalue())
