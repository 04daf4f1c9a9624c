"""The content of a structure file for one molecule, before anything is derived from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.bonds import Floats, Ints

Bonds = tuple[tuple[int, int], ...]
"""Pairs (i, j), i < j, sorted."""

MOST_ATOMS = 100_000
"""Larger structures are rejected."""

_WITHOUT_SYMMETRY = ("", "P1", "?", ".")
_DUMMY_LENGTH_ANGSTROM = 1.0
"""Programs write a cell of 1 × 1 × 1 Å if there is none."""


class BadStructureError(MoleculeError):
    """A file was read but its content cannot be used; the message states the remedy."""


@dataclass(frozen=True)
class FileStructure:
    """One molecule or frame, as recorded in the file.

    Attributes:
        atomic_numbers: (N,) int64; 0 for a dummy atom.
        positions_angstrom: (N, 3) float64, Å.
        title: name in the file; may be empty.
        charge: total charge as recorded, of any type; None if absent.
        multiplicity: spin multiplicity as recorded, of any type; None if absent.
        bonds: bonds in the file; None if absent.
        cell_angstrom: (3, 3) float64, Å, box vectors as rows; None if not periodic.
        masses_amu: (N,) float64; NaN for the standard mass; None if all are.
        open_valences: number of hydrogens that the bond orders and charges of an atom leave out.
        note: what was left out or changed; may be empty.
    """

    atomic_numbers: Ints
    positions_angstrom: Floats
    title: str = ""
    charge: Any = None
    multiplicity: Any = None
    bonds: Bonds | None = None
    cell_angstrom: Floats | None = None
    masses_amu: Floats | None = None
    open_valences: Mapping[int, int] = field(default_factory=dict)
    note: str = ""


def check_size(n_atoms: int) -> None:
    """Check that the number of atoms is in the supported range."""
    if n_atoms < 0:
        raise BadStructureError(
            f"{n_atoms} is not a number of atoms; expected a whole number from 1"
        )
    if n_atoms > MOST_ATOMS:
        raise BadStructureError(
            f"{n_atoms} atoms; expected at most {MOST_ATOMS}: a potential is validated on "
            "molecules and small boxes; cut out a smaller part"
        )


def sorted_bonds(pairs: list[tuple[int, int]], *, n_atoms: int) -> Bonds:
    """Return each bond once, i < j, sorted; atom indices start at 0."""
    for i, j in pairs:
        if i == j or not (0 <= i < n_atoms and 0 <= j < n_atoms):
            raise ValueError(f"a bond joins atoms {i + 1} and {j + 1} of {n_atoms}")
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs}))


def joined(*notes: str) -> str:
    """Join the notes that are not empty."""
    return "; ".join(note for note in notes if note)


def recorded_cell(
    lengths_and_angles: Sequence[float], *, space_group: str
) -> tuple[Floats | None, str]:
    """Convert a cell record to box vectors if the atoms of the file fill the box.

    It holds a, b, c in Å, then alpha, beta, gamma in degrees. Fewer numbers and a dummy of
    1 × 1 × 1 Å are ignored. If the space group has symmetry, the file contains only the asymmetric
    unit, and the cell is not the box of its atoms. Return box vectors as rows, (3, 3), Å, or None,
    and a note.

    Raises:
        ValueError: impossible angles.
    """
    from ase.geometry import cellpar_to_cell

    cell = np.array(lengths_and_angles, dtype=np.float64)
    if len(cell) < 6 or (cell[:3] <= _DUMMY_LENGTH_ANGSTROM).all():
        return None, ""
    group = " ".join(space_group.split())
    if group.replace(" ", "").upper() not in _WITHOUT_SYMMETRY:
        return None, f"its crystal cell is not used, because the space group is {group}, not P 1"
    a, b, c = np.cos(np.radians(cell[3:]))
    if not np.isfinite(cell).all() or 1 - a * a - b * b - c * c + 2 * a * b * c <= 0.0:
        raise ValueError(f"no box has the lengths and angles {cell.tolist()}")
    return np.asarray(cellpar_to_cell(cell), dtype=np.float64), ""
