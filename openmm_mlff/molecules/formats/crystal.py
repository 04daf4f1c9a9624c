"""What PDB and mmCIF files have in common: alternate locations and the record of a cell."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

_WITHOUT_SYMMETRY = ("", "P1", "?", ".")
_DUMMY_LENGTH_ANGSTROM = 1.0
"""Programs write a cell of 1 × 1 × 1 Å where there is none."""


def first_locations(residues: Sequence[Hashable], *, altlocs: Sequence[str]) -> list[int]:
    """Choose one place for each atom: of every residue, its first alternate location.

    Args:
        residues: the residue of each atom.
        altlocs: the label of each atom's alternate location; empty where it has none.

    Returns:
        Which atoms to keep: those without a label, and those with their residue's first one.
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
    """Turn the record of a cell into box vectors, where it is a box that the atoms fill.

    A dummy of 1 × 1 × 1 Å is none.  Where the space group has symmetry, the file holds one unit of
    the crystal only, and the cell is not the box of what is in it.

    Args:
        lengths_and_angles: a, b, c in Å, then alpha, beta, gamma in degrees.
        space_group: Hermann-Mauguin symbol.

    Returns:
        Box vectors as rows, (3, 3), Å, or None; and a note about what was left out.

    Raises:
        ValueError: No box has such angles.
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
