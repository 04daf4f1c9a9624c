"""Common parts of PDB and mmCIF: alternate locations and the unit cell record."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

_WITHOUT_SYMMETRY = ("", "P1", "?", ".")
_DUMMY_LENGTH_ANGSTROM = 1.0
"""Programs write a cell of 1 × 1 × 1 Å if there is none."""


def first_locations(residues: Sequence[Hashable], *, altlocs: Sequence[str]) -> list[int]:
    """Return the indices of atoms to keep: of every residue, the first alternate location.

    Args:
        residues: residue of each atom.
        altlocs: alternate location label of each atom; atoms with an empty label are always kept.
    """
    first: dict[Hashable, str] = {}
    for residue, label in zip(residues, altlocs, strict=True):
        if label:
            first.setdefault(residue, label)
    return [
        atom
        for atom, (residue, label) in enumerate(zip(residues, altlocs, strict=True))
        if not label or label == first[residue]
    ]


def recorded_cell(
    lengths_and_angles: Sequence[float], *, space_group: str
) -> tuple[npt.NDArray[np.float64] | None, str]:
    """Convert a cell record to box vectors if the atoms of the file fill the box.

    A dummy of 1 × 1 × 1 Å is ignored. If the space group has symmetry, the file contains only the
    asymmetric unit, and the cell is not the box of its atoms.

    Args:
        lengths_and_angles: a, b, c in Å, then alpha, beta, gamma in degrees.
        space_group: Hermann-Mauguin symbol.

    Returns:
        Box vectors as rows, (3, 3), Å, or None; and a note about an ignored cell.

    Raises:
        ValueError: impossible angles.
    """
    from ase.geometry import cellpar_to_cell

    cell = np.array(lengths_and_angles, dtype=np.float64)
    if (cell[:3] <= _DUMMY_LENGTH_ANGSTROM).all():
        return None, ""
    group = " ".join(space_group.split())
    if group.replace(" ", "").upper() not in _WITHOUT_SYMMETRY:
        return None, f"its crystal cell is not used: {group} repeats it by symmetry"
    a, b, c = np.cos(np.radians(cell[3:]))
    if not np.isfinite(cell).all() or 1 - a * a - b * b - c * c + 2 * a * b * c <= 0.0:
        raise ValueError(f"no box has the lengths and angles {cell.tolist()}")
    return np.asarray(cellpar_to_cell(cell), dtype=np.float64), ""
