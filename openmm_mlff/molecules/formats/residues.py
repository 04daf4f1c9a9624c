"""Atoms in residues, as PDB and mmCIF record them: alternate locations, elements, the box."""

from collections.abc import Sequence

import numpy as np

from openmm_mlff.molecules.arrays import Floats
from openmm_mlff.molecules.formats.elements import (
    HYDROGENATED,
    AtomRecord,
    identified,
)
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    joined,
)

_WITHOUT_SYMMETRY = ("", "P1", "?", ".")
_DUMMY_LENGTH_ANGSTROM = 1.0
"""Programs write a cell of 1 × 1 × 1 Å if there is none."""


def _chosen_locations(atoms: Sequence[AtomRecord]) -> tuple[list[AtomRecord], str]:
    """Return the atoms at one alternate location for each name, and a note about the others.

    It is the first label of the residue, or if the atom does not have it, the atom's own first.
    """
    of_residue: dict[str, str] = {}
    of_atom: dict[tuple[str, str], list[str]] = {}
    for atom in atoms:
        if atom.altloc:
            of_residue.setdefault(atom.place, atom.altloc)
        of_atom.setdefault((atom.place, atom.name.strip()), []).append(atom.altloc)
    kept, left_out = [], []
    for atom in atoms:
        labels = of_atom[atom.place, atom.name.strip()]
        first = of_residue.get(atom.place, "")
        chosen = "" if "" in labels else first if first in labels else labels[0]
        if atom.altloc == chosen:
            kept.append(atom)
        else:
            left_out.append(f"{atom.residue} {atom.place}")
    if not left_out:
        return kept, ""
    places = list(dict.fromkeys(left_out))
    where = ", ".join(places[:3]) + (" and others" if len(places) > 3 else "")
    what = "1 atom at an alternate location"
    if len(left_out) > 1:
        what = f"{len(left_out)} atoms at alternate locations"
    return kept, f"{what} left out in {where}"


def structure_of(
    recorded: Sequence[AtomRecord], *, cell: Floats | None, note: str, remedy: str
) -> tuple[FileStructure, list[AtomRecord]]:
    """Convert atoms to a structure without bonds, and return those at the location chosen.

    ``remedy`` names what to add to the file if elements are missing.

    Raises:
        BadStructureError: an element is not evident, or a residue has no hydrogens.
    """
    atoms, left_out = _chosen_locations(recorded)
    positions, numbers, masses = identified(atoms, remedy=remedy)
    with_hydrogens = {atoms[row].place for row in np.flatnonzero(numbers == 1).tolist()}
    for atom, number in zip(atoms, numbers, strict=True):
        # A standard residue of heavy atoms only, as in most crystal structures.
        is_standard = atom.residue.upper() in HYDROGENATED and number in (6, 7, 8)
        if is_standard and atom.place not in with_hydrogens:
            raise BadStructureError(
                f"residue {atom.residue} {atom.place} has no hydrogens; add them to the file, for "
                "example with OpenMM's Modeller.addHydrogens or PDBFixer"
            )
    structure = FileStructure(
        atomic_numbers=numbers,
        positions_angstrom=positions,
        charge=sum(atom.charge for atom in atoms),
        cell_angstrom=cell,
        masses_amu=masses,
        note=joined(note, left_out),
    )
    return structure, atoms


def recorded_cell(
    lengths_and_angles: Sequence[float], *, space_group: str
) -> tuple[Floats | None, str]:
    """Convert a cell record to box vectors if the atoms of the file fill the box.

    It holds a, b, c in Å, then alpha, beta, gamma in degrees. A dummy of 1 × 1 × 1 Å is ignored. If
    the space group has symmetry, the file contains only the asymmetric unit, and the cell is not
    the box of its atoms. Return box vectors as rows, (3, 3), Å, or None, and a note.

    Raises:
        ValueError: impossible angles.
    """
    from ase.geometry import cellpar_to_cell

    cell = np.array(lengths_and_angles, dtype=np.float64)
    if (cell[:3] <= _DUMMY_LENGTH_ANGSTROM).all():
        return None, ""
    group = " ".join(space_group.split())
    if group.replace(" ", "").upper() not in _WITHOUT_SYMMETRY:
        return None, f"its crystal cell is not used, because the space group is {group}, not P 1"
    a, b, c = np.cos(np.radians(cell[3:]))
    if not np.isfinite(cell).all() or 1 - a * a - b * b - c * c + 2 * a * b * c <= 0.0:
        raise ValueError(f"no box has the lengths and angles {cell.tolist()}")
    return np.asarray(cellpar_to_cell(cell), dtype=np.float64), ""
