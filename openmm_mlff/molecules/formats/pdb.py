"""Reader of PDB files."""

import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.bonds import covalent_bonds
from openmm_mlff.molecules.formats.crystal import first_locations, recorded_cell
from openmm_mlff.molecules.formats.structure import (
    Bonds,
    FileStructure,
    atomic_number,
    check_size,
    position_array,
    sorted_bonds,
)

_STANDARD_NAMES = (
    "ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL "
    "A C G U DA DC DG DT HOH WAT SOL"
)
_STANDARD_RESIDUES = frozenset(_STANDARD_NAMES.split())
"""Residues of elements with one-letter symbols only."""


@dataclass
class _Lines:
    """Lines of a file by record type."""

    models: list[list[str]] = field(default_factory=list)
    conect: list[str] = field(default_factory=list)
    cryst1: str = ""


def read_pdb(handle: TextIO) -> Iterator[FileStructure]:
    """Read the models of a PDB file.

    Of alternate locations the first of each residue is kept. CONECT records are used as bonds only
    if they contain every atom within bonding distance of another: most files list the atoms of a
    ligand but not of the protein.

    Yields:
        One structure per model; one without atoms if the file has none.
    """
    lines = _sorted_lines(handle)
    cell, note = None, ""
    if lines.cryst1:
        edges = [float(lines.cryst1[start : start + 9]) for start in (6, 15, 24)]
        angles = [float(lines.cryst1[start : start + 7]) for start in (33, 40, 47)]
        cell, note = recorded_cell(edges + angles, space_group=lines.cryst1[55:66])
    for model in lines.models or [[]]:
        kept_atoms = first_locations(
            [line[21:27] for line in model], altlocs=[line[16:17].strip() for line in model]
        )
        kept = [model[atom] for atom in kept_atoms]
        numbers = np.array([atomic_number(_element(line)) for line in kept], dtype=np.int64)
        positions = position_array(
            [(float(line[30:38]), float(line[38:46]), float(line[46:54])) for line in kept]
        )
        named = _conect_pairs(lines.conect, serials=[line[6:11].strip() for line in kept])
        yield FileStructure(
            atomic_numbers=numbers,
            positions_angstrom=positions,
            charge=sum(_charge(line) for line in kept),
            bonds=_complete_bonds(named, numbers=numbers, positions=positions, cell=cell),
            cell_angstrom=cell,
            note=note,
        )


def _sorted_lines(handle: TextIO) -> _Lines:
    lines = _Lines()
    atoms: list[str] = []
    for line in handle:
        if line.startswith(("ATOM  ", "HETATM")):
            atoms.append(line.rstrip("\n"))
            # Check the size before deriving anything from the atoms.
            check_size(len(atoms))
        elif line.startswith("CONECT"):
            lines.conect.append(line)
        elif line.startswith("CRYST1") and not lines.cryst1:
            lines.cryst1 = line
        elif line.startswith(("MODEL", "END")) and atoms:
            lines.models.append(atoms)
            atoms = []
    if atoms:
        lines.models.append(atoms)
    return lines


def _element(line: str) -> str:
    """Return an atom's element from its own columns, or else from its name."""
    from ase.data import atomic_numbers

    written = line[76:78].strip()
    if written.isalpha() and (written.capitalize() in atomic_numbers or written in ("D", "T")):
        return written
    name, residue = line[12:16], line[17:20].strip()
    letters = name.strip().lstrip(string.digits)
    if residue in _STANDARD_RESIDUES:
        return letters[:1] or "?"
    # A two-letter symbol starts in the first column; so does a hydrogen with four characters, and
    # an ion is a residue of the same name.
    of_two = letters[0:2].capitalize()
    is_long_hydrogen = of_two[0:1] == "H" and len(name.strip()) == 4
    is_of_two = of_two in atomic_numbers and (name[0:1].isalpha() or letters == residue)
    return of_two if is_of_two and not is_long_hydrogen else letters[:1] or "?"


def _charge(line: str) -> int:
    """Read the charge column: 1+, or the variant +1."""
    written = line[78:80].strip()
    sign, digit = sorted(written) if len(written) == 2 else ("", "")
    return int(sign + digit) if sign in ("+", "-") and digit.isdigit() else 0


def _conect_pairs(conect: list[str], *, serials: list[str]) -> list[tuple[int, int]]:
    """Read CONECT records, ignoring those of atoms that are not kept."""
    if max(Counter(serials).values(), default=0) > 1:
        # The serial number exceeded its five columns and does not identify an atom.
        return []
    rows = {serial: row for row, serial in enumerate(serials)}
    pairs = []
    for line in conect:
        fields = [line[start : start + 5].strip() for start in (6, 11, 16, 21, 26)]
        first, *others = [rows.get(name) for name in fields]
        pairs += [(first, other) for other in others if first is not None and other is not None]
    return pairs


def _complete_bonds(
    pairs: list[tuple[int, int]],
    *,
    numbers: npt.NDArray[np.int64],
    positions: npt.NDArray[np.float64],
    cell: npt.NDArray[np.float64] | None,
) -> Bonds | None:
    if not pairs or not np.isfinite(positions).all():
        return None
    close = {
        atom for pair in covalent_bonds(numbers, positions, cell_angstrom=cell) for atom in pair
    }
    if not close <= {atom for pair in pairs for atom in pair}:
        return None
    return sorted_bonds(pairs, n_atoms=len(numbers))
