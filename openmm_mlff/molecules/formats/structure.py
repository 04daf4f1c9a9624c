"""What a structure file says of one molecule, before anything is derived from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.errors import MoleculeError

Bonds = tuple[tuple[int, int], ...]
"""Pairs (i, j), i < j, sorted."""

MOST_ATOMS = 100_000
"""Nothing larger is read."""

_HYDROGEN_ISOTOPES = ("D", "T")


class BadStructureError(MoleculeError):
    """A file was read, and says something that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class FileStructure:
    """One molecule or frame, as the file has it.

    Attributes:
        atomic_numbers: (N,) int64; 0 for a dummy atom.
        positions_angstrom: (N, 3) float64, Å.
        title: the file's own name for it; empty where there is none.
        charge: total charge as recorded, of any type; None where none is.
        multiplicity: spin multiplicity as recorded, of any type; None where none is.
        bonds: the file's own list; None where there is none.
        cell_angstrom: (3, 3) float64, Å, box vectors as rows; None where nothing repeats.
        note: what of the file was left out; empty for nothing.
    """

    atomic_numbers: npt.NDArray[np.int64]
    positions_angstrom: npt.NDArray[np.float64]
    title: str = ""
    charge: Any = None
    multiplicity: Any = None
    bonds: Bonds | None = None
    cell_angstrom: npt.NDArray[np.float64] | None = None
    note: str = ""


def check_size(n_atoms: int) -> None:
    """See that a molecule is of a size that a potential can be validated on.

    Args:
        n_atoms: as announced or counted.

    Raises:
        BadStructureError: it is not.
    """
    if n_atoms < 0:
        raise BadStructureError(f"{n_atoms} is no number of atoms; expected a whole number from 1")
    if n_atoms > MOST_ATOMS:
        raise BadStructureError(
            f"{n_atoms} atoms; expected at most {MOST_ATOMS}: a potential is validated on "
            "molecules and small boxes; cut one out"
        )


def atomic_number(symbol: str) -> int:
    """Look up an element; D and T count as hydrogen.

    Args:
        symbol: in any case.

    Returns:
        The atomic number.

    Raises:
        KeyError: of the symbol as given.
    """
    from ase.data import atomic_numbers

    plain = symbol.strip().capitalize()
    if plain in _HYDROGEN_ISOTOPES:
        return 1
    if plain not in atomic_numbers:
        raise KeyError(symbol.strip())
    return int(atomic_numbers[plain])


def position_array(positions: list[tuple[float, float, float]]) -> npt.NDArray[np.float64]:
    """Stack positions.

    Args:
        positions: N of them, Å.

    Returns:
        (N, 3) float64, Å, also where N is 0.
    """
    return np.array(positions, dtype=np.float64).reshape(-1, 3)


def sorted_bonds(pairs: list[tuple[int, int]], *, n_atoms: int) -> Bonds:
    """Bring bonds into one order, each once.

    Args:
        pairs: atom indices from 0, in any order.
        n_atoms: how many atoms there are.

    Returns:
        The pairs, i < j, sorted.

    Raises:
        ValueError: A bond names an atom that is not there, or joins an atom to itself.
    """
    for i, j in pairs:
        if i == j or not (0 <= i < n_atoms and 0 <= j < n_atoms):
            raise ValueError(f"a bond joins atoms {i + 1} and {j + 1} of {n_atoms}")
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs}))


def row_of(label: str, *, rows: dict[str, int]) -> int:
    """Find the atom that a bond names.

    Args:
        label: as the bond has it.
        rows: index of each atom by its label.

    Returns:
        The index.

    Raises:
        ValueError: There is no such atom.
    """
    if label not in rows:
        raise ValueError(f"a bond names atom {label}, which is not there")
    return rows[label]
