"""MDL molfiles and SDF, V2000 and V3000, read by RDKit."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import numpy as np

from openmm_mlff.molecules.formats.elements import numbers_and_masses
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    check_size,
    sorted_bonds,
)

if TYPE_CHECKING:
    from rdkit.Chem import Mol

_FLAT_BY_NATURE = 3
"""Any three atoms are coplanar."""

_TIMESTAMP = re.compile(r"^\[[\d:]+\]")
_VALENCES_ARE_KNOWN = (5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53)


def read_molfiles(handle: TextIO, *, add_hydrogens: bool = False) -> Iterator[FileStructure]:
    """Read the records of an SDF or molfile, with bonds, charges, radicals and isotopes."""
    lines: list[str] = []
    for line in handle:
        if line.startswith("$$$$"):
            yield _structure(lines, add_hydrogens=add_hydrogens)
            lines = []
        else:
            lines.append(line)
    if any(line.strip() for line in lines):
        yield _structure(lines, add_hydrogens=add_hydrogens)


def _structure(lines: list[str], *, add_hydrogens: bool) -> FileStructure:
    from rdkit import Chem

    if len(lines) < 4:
        raise ValueError(f"a record of {len(lines)} lines; expected a header of four")
    check_size(int(lines[3][0:3]))
    with rdkit_messages() as said:
        # RDKit's messages fail on other letters.
        text = "".join(lines).encode("ascii", "replace").decode()
        molecule = Chem.MolFromMolBlock(text, sanitize=False, removeHs=False, strictParsing=False)
    if molecule is None:
        raise ValueError(f"RDKit: {said[0]}" if said else "RDKit cannot read it")
    molecule.UpdatePropertyCache(strict=False)
    if add_hydrogens:
        # Places them by hybridisation.
        Chem.SanitizeMol(molecule, catchErrors=True)
        molecule = Chem.AddHs(molecule, addCoords=True)
    structure = structure_of_mol(molecule, is_drawing=lines[1][20:22] == "2D")
    return replace(structure, title=lines[0].strip())


def structure_of_mol(molecule: "Mol", *, is_drawing: bool = False) -> FileStructure:
    """Convert an RDKit molecule with a conformer and with implicit hydrogens counted."""
    atoms = list(molecule.GetAtoms())
    for atom in atoms:
        if atom.GetAtomicNum() == 0:
            number, _ = numbers_and_masses([atom.GetSymbol()])
            atom.SetAtomicNum(int(number[0]))
    positions = np.zeros((0, 3))
    if atoms:
        positions = np.array(molecule.GetConformer().GetPositions(), dtype=np.float64)
    if is_drawing and len(atoms) > _FLAT_BY_NATURE and not positions[:, 2].any():
        raise BadStructureError(
            "it is a flat drawing (its header says 2D), not a geometry: generate 3D coordinates "
            "first, or give smiles:SMILES"
        )
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in atoms)
    masses = np.array([atom.GetMass() if atom.GetIsotope() else np.nan for atom in atoms])
    bonds = [
        (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        for bond in molecule.GetBonds()
        if str(bond.GetBondType()) not in ("HYDROGEN", "ZERO")
    ]
    return FileStructure(
        atomic_numbers=np.array([atom.GetAtomicNum() for atom in atoms], dtype=np.int64),
        positions_angstrom=positions,
        charge=sum(atom.GetFormalCharge() for atom in atoms),
        multiplicity=unpaired + 1 if unpaired else None,
        # A program without bond information writes no bonds.
        bonds=sorted_bonds(bonds, n_atoms=len(atoms)) if bonds else None,
        masses_amu=None if np.isnan(masses).all() else masses,
        open_valences=open_valences(molecule) if bonds else {},
    )


def open_valences(molecule: "Mol") -> dict[int, int]:
    """Return the number of hydrogens that are implied but not listed, by atom."""
    return {
        atom.GetIdx(): atom.GetNumImplicitHs()
        for atom in molecule.GetAtoms()
        if atom.GetNumImplicitHs() and atom.GetAtomicNum() in _VALENCES_ARE_KNOWN
    }


@contextmanager
def rdkit_messages() -> Iterator[list[str]]:
    """Collect what RDKit would write to stderr, without timestamps, rules and stack traces."""
    from rdkit import rdBase

    said: list[str] = []

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = _TIMESTAMP.sub("", record.getMessage()).strip()
            if text.strip("*-") and not text.endswith("Violation"):
                said.append(" ".join(text.split()))

    logger, handler = logging.getLogger("rdkit"), _Handler()
    kept = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [handler], False
    rdBase.LogToPythonLogger()
    try:
        yield said
    finally:
        rdBase.LogToCppStreams()
        logger.handlers, logger.propagate = kept
