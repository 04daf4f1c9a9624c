"""Tripos MOL2."""

from collections.abc import Iterator
from typing import TextIO

import numpy as np

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.molecules.formats.structure import (
    FileStructure,
    atomic_number,
    position_array,
    row_of,
    sorted_bonds,
)

_MARK = "@<TRIPOS>"
_WITHOUT_CHARGES = "NO_CHARGES"
_ROUNDING_CHARGE = 0.1
"""Maximum deviation of the sum of rounded partial charges from an integer."""

_NO_BOND = "nc"

Sections = dict[str, list[str]]


def read_mol2(handle: TextIO, *, charge_is_given: bool = False) -> Iterator[FileStructure]:
    """Read the molecules of a MOL2 file.

    The total charge is the sum of the partial charges; without these, that of the formal charges
    which RDKit derives from the atom types. It is not determined if ``charge_is_given``.

    Yields:
        One structure per molecule, with its bonds.

    Raises:
        ValueError: the file is invalid.
    """
    for lines in _blocks(handle):
        sections = _sections(lines)
        head = sections["MOLECULE"]
        counts = [int(word) for word in head[1].split()]
        atoms = [line.split() for line in sections.get("ATOM", []) if line.strip()]
        links = [line.split() for line in sections.get("BOND", []) if line.strip()]
        n_bonds = counts[1] if len(counts) > 1 else len(links)
        if (len(atoms), len(links)) != (counts[0], n_bonds):
            raise ValueError(
                f"{len(atoms)} atoms and {len(links)} bonds; its head says "
                f"{counts[0]} and {n_bonds}"
            )
        rows = {words[0]: row for row, words in enumerate(atoms)}
        pairs = [
            (row_of(words[1], rows=rows), row_of(words[2], rows=rows))
            for words in links
            if words[3] != _NO_BOND
        ]
        charge = None if charge_is_given else _total_charge(sections, atoms=atoms, lines=lines)
        yield FileStructure(
            atomic_numbers=np.array(
                [atomic_number(words[5].partition(".")[0]) for words in atoms], dtype=np.int64
            ),
            positions_angstrom=position_array(
                [(float(words[2]), float(words[3]), float(words[4])) for words in atoms]
            ),
            title=head[0].strip().strip("*"),
            charge=charge,
            bonds=sorted_bonds(pairs, n_atoms=len(atoms)) if pairs else None,
            note="its crystal cell is not used" if "CRYSIN" in sections else "",
        )


def _blocks(handle: TextIO) -> Iterator[list[str]]:
    block: list[str] = []
    for line in handle:
        if line.startswith(f"{_MARK}MOLECULE"):
            if block:
                yield block
            block = [line]
        elif block and not line.startswith("#"):
            block.append(line)
    if block:
        yield block


def _sections(lines: list[str]) -> Sections:
    sections: Sections = {}
    key = ""
    for line in lines:
        if line.startswith(_MARK):
            key = line[len(_MARK) :].strip()
            sections[key] = []
        else:
            sections[key].append(line.rstrip("\n"))
    return sections


def _total_charge(sections: Sections, *, atoms: list[list[str]], lines: list[str]) -> int:
    head = sections["MOLECULE"]
    partial = [float(words[8]) for words in atoms if len(words) > 8]
    says_none = len(head) > 3 and head[3].strip() == _WITHOUT_CHARGES
    if says_none or len(partial) < len(atoms) or not any(partial):
        return _formal_charge(lines)
    total = sum(partial)
    if abs(total - round(total)) > _ROUNDING_CHARGE:
        raise ValueError(f"partial charges sum to {total:.3f}, no whole number")
    return round(total)


def _formal_charge(lines: list[str]) -> int:
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise MissingDependencyError(
            "a MOL2 file without partial charges needs RDKit to find its total charge: "
            "pip install rdkit, or give the charge"
        ) from error
    with rdBase.BlockLogs():
        molecule = Chem.MolFromMol2Block("".join(lines), sanitize=False, removeHs=False)
    if molecule is None:
        raise ValueError(
            "no partial charges, and RDKit cannot read the atom types: give the charge"
        )
    return sum(atom.GetFormalCharge() for atom in molecule.GetAtoms())
