"""MDL molfiles and SDF: V2000 and V3000 records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np

from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    atomic_number,
    position_array,
    row_of,
    sorted_bonds,
)

_V2000_CHARGES = {1: 3, 2: 2, 3: 1, 5: -1, 6: -2, 7: -3}
"""Charge codes of the atom block; 4 is a radical."""

_V2000_RADICAL = 4
_UNPAIRED_ELECTRONS = {0: 0, 1: 0, 2: 1, 3: 2}
"""By radical code: singlet, doublet, triplet."""

_HYDROGEN_BOND = 10
_FLAT_BY_NATURE = 3
"""Any three atoms are coplanar."""


@dataclass
class _Record:
    """Content of a record while it is read; charges and radicals by atom."""

    symbols: list[str] = field(default_factory=list)
    positions: list[tuple[float, float, float]] = field(default_factory=list)
    bonds: list[tuple[int, int]] = field(default_factory=list)
    charges: dict[int, int] = field(default_factory=dict)
    radicals: dict[int, int] = field(default_factory=dict)


def read_molfiles(handle: TextIO) -> Iterator[FileStructure]:
    """Read the records of an SDF or molfile, with bonds, formal charges and unpaired electrons."""
    lines: list[str] = []
    for line in handle:
        if line.startswith("$$$$"):
            yield _structure(lines)
            lines = []
        else:
            lines.append(line.rstrip("\n"))
    if any(line.strip() for line in lines):
        yield _structure(lines)


def _structure(lines: list[str]) -> FileStructure:
    if len(lines) < 4:
        raise ValueError(f"a record of {len(lines)} lines; expected a header of four")
    record = _read_v3000(lines) if "V3000" in lines[3] else _read_v2000(lines)
    positions = position_array(record.positions)
    if lines[1][20:22] == "2D" and len(positions) > _FLAT_BY_NATURE and not positions[:, 2].any():
        raise BadStructureError(
            "a flat drawing (its header says 2D), no geometry: make 3D coordinates first, or give "
            "smiles:SMILES"
        )
    unpaired = sum(_UNPAIRED_ELECTRONS[code] for code in record.radicals.values())
    return FileStructure(
        atomic_numbers=np.array([atomic_number(s) for s in record.symbols], dtype=np.int64),
        positions_angstrom=positions,
        title=lines[0].strip(),
        charge=sum(record.charges.values()),
        multiplicity=unpaired + 1 if record.radicals else None,
        # A program without bond information writes no bonds.
        bonds=sorted_bonds(record.bonds, n_atoms=len(positions)) if record.bonds else None,
    )


def _read_v2000(lines: list[str]) -> _Record:
    n_atoms, n_bonds = int(lines[3][0:3]), int(lines[3][3:6] or 0)
    first_bond, first_property = 4 + n_atoms, 4 + n_atoms + n_bonds
    if len(lines) < first_property:
        raise ValueError(f"fewer lines than its {n_atoms} atoms and {n_bonds} bonds need")
    record = _Record()
    for atom, line in enumerate(lines[4:first_bond]):
        _read_v2000_atom(line, atom=atom, record=record)
    for line in lines[first_bond:first_property]:
        record.bonds.append((int(line[0:3]) - 1, int(line[3:6]) - 1))
    _read_v2000_properties(lines[first_property:], record=record)
    return record


def _read_v2000_atom(line: str, *, atom: int, record: _Record) -> None:
    try:
        x, y, z = float(line[0:10]), float(line[10:20]), float(line[20:30])
        symbol, code = line[31:34], int(line[36:39].strip() or 0)
    except ValueError:
        # Written by hand, with spaces instead of columns.
        words = line.split()
        x, y, z, symbol = float(words[0]), float(words[1]), float(words[2]), words[3]
        code = int(words[5]) if len(words) > 5 else 0
    record.symbols.append(symbol)
    record.positions.append((x, y, z))
    if code == _V2000_RADICAL:
        record.radicals[atom] = 2
    else:
        record.charges[atom] = _V2000_CHARGES.get(code, 0)


def _read_v2000_properties(lines: list[str], *, record: _Record) -> None:
    """Read CHG and RAD lines, which replace the charges of the atom block if there are any."""
    listed: dict[str, dict[int, int]] = {"CHG": {}, "RAD": {}}
    for line in lines:
        if line.startswith("M  END"):
            break
        key = line[3:6]
        if not line.startswith("M  ") or key not in listed:
            continue
        try:
            words = [int(word) for word in line.split()[3:]]
        except ValueError as error:
            raise BadStructureError(f"damaged line '{line}': {error}") from error
        listed[key].update(zip(words[0::2], words[1::2], strict=True))
    else:
        raise ValueError("no line 'M  END': the record is cut short")
    if listed["CHG"] or listed["RAD"]:
        record.charges, record.radicals = listed["CHG"], listed["RAD"]


def _read_v3000(lines: list[str]) -> _Record:
    record = _Record()
    rows: dict[str, int] = {}
    block, expected = "", (0, 0)
    n_bonds = 0
    for words in _v3000_lines(lines):
        if words[0] in ("BEGIN", "END"):
            block = words[1] if words[0] == "BEGIN" else ""
        elif words[0] == "COUNTS":
            expected = (int(words[1]), int(words[2]))
        elif block == "ATOM":
            rows[words[0]] = len(rows)
            _read_v3000_atom(words, record=record)
        elif block == "BOND":
            n_bonds += 1
            if int(words[1]) != _HYDROGEN_BOND:
                record.bonds.append((row_of(words[2], rows=rows), row_of(words[3], rows=rows)))
    if (len(record.symbols), n_bonds) != expected:
        raise ValueError(
            f"{len(record.symbols)} atoms and {n_bonds} bonds; its counts line says "
            f"{expected[0]} and {expected[1]}"
        )
    return record


def _read_v3000_atom(words: list[str], *, record: _Record) -> None:
    atom = len(record.symbols)
    record.symbols.append(words[1])
    record.positions.append((float(words[2]), float(words[3]), float(words[4])))
    for word in words[5:]:
        key, _, value = word.partition("=")
        if key == "CHG":
            record.charges[atom] = int(value)
        elif key == "RAD":
            record.radicals[atom] = int(value)


def _v3000_lines(lines: list[str]) -> Iterator[list[str]]:
    """Return the words of each V30 line, with continuations joined, up to the end of the record."""
    joined = ""
    for line in lines[4:]:
        if line.startswith("M  END"):
            return
        if not line.startswith("M  V30 "):
            continue
        joined += line[len("M  V30 ") :]
        if joined.endswith("-"):
            joined = joined[:-1]
            continue
        if joined.split():
            yield joined.split()
        joined = ""
    raise ValueError("no line 'M  END': the record is cut short")
