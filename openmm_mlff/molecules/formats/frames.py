"""What ASE reads: XYZ, extended XYZ, POSCAR, trajectories and databases."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from openmm_mlff.molecules.bonds import Floats
from openmm_mlff.molecules.electrons import lowest_multiplicity, recorded_electrons
from openmm_mlff.molecules.formats.elements import numbers_and_masses
from openmm_mlff.molecules.formats.structure import BadStructureError, FileStructure, check_size
from openmm_mlff.molecules.system import box_widths_angstrom, checked_cell

if TYPE_CHECKING:
    from ase import Atoms

CRYSTAL_WIDTH_ANGSTROM = 10.0
"""Least width of a crystal's box: twice the cutoff of common potentials."""

_BOX_NAMES = ("lattice", "cell", "box")
_SPECIES = re.compile(r"\bProperties=\"?((?:[^\s\":]+:[^\s\":]+:\d+:)*?)species:S:1", re.IGNORECASE)


def structure_of_atoms(atoms: "Atoms") -> FileStructure:
    """Convert ``ase.Atoms``, with charge and multiplicity under all names of ``electrons``."""
    if atoms.pbc.any() and not atoms.pbc.all():
        flags = " ".join("T" if flag else "F" for flag in atoms.pbc)
        raise BadStructureError(
            f'pbc="{flags}" repeats in some directions only, and slabs and wires are not '
            'supported: write pbc="T T T" with empty space in the box, or pbc="F F F"'
        )
    unread = [name for name in atoms.info if name.lower() in _BOX_NAMES]
    if unread and not atoms.cell.any():
        raise BadStructureError(f"{unread[0]}= is not recognised as a box; write Lattice=")
    masses = np.array(atoms.get_masses(), dtype=np.float64) if atoms.has("masses") else None
    if masses is not None and not (masses > 0.0).all():
        atom = int(np.flatnonzero(~(masses > 0.0))[0])
        raise BadStructureError(
            f"atom {atom + 1} ({atoms.symbols[atom]}) has mass {masses[atom]:g}; virtual sites and "
            "dummies are not atoms: remove them, or correct the mass"
        )
    try:
        charge, multiplicity = recorded_electrons(atoms)
    except ValueError as error:
        raise BadStructureError(str(error)) from error
    return FileStructure(
        atomic_numbers=np.asarray(atoms.numbers, dtype=np.int64),
        positions_angstrom=np.asarray(atoms.positions, dtype=np.float64),
        charge=charge,
        multiplicity=multiplicity,
        cell_angstrom=np.array(atoms.cell) if atoms.pbc.all() else None,
        masses_amu=masses,
    )


def structure_of_crystal(atoms: "Atoms") -> FileStructure:
    """Convert a crystal; if neutral, its cell is repeated until it is 10 Å wide, with a note."""
    one = structure_of_atoms(atoms)
    if one.cell_angstrom is None or one.charge:
        return one
    cell = checked_cell("the crystal", one.cell_angstrom)
    times = np.ceil(CRYSTAL_WIDTH_ANGSTROM / box_widths_angstrom(cell) - 1e-6).astype(int)
    if times.prod() == 1:
        return one
    check_size(int(times.prod()) * len(atoms))
    many = structure_of_atoms(atoms.repeat(times))
    written = " × ".join(map(str, times))
    return replace(
        many,
        charge=one.charge,
        multiplicity=lowest_multiplicity(many.atomic_numbers),
        note=f"its cell is repeated {written} to be {CRYSTAL_WIDTH_ANGSTROM:g} Å wide",
    )


def read_xyz(handle: TextIO) -> Iterator[FileStructure]:
    """Read frames of an XYZ or extended XYZ file, with isotopes D and T and atomic numbers."""
    from ase.io.extxyz import read_xyz as read_ase_frames

    for lines in _frame_lines(handle):
        masses = _write_symbols(lines)
        try:
            (atoms,) = read_ase_frames(io.StringIO("".join(lines)), index=slice(None))
        except ValueError as error:
            if "Lattice" not in str(error):
                raise
            raise BadStructureError(
                'Lattice= does not hold nine numbers; write Lattice="ax ay az bx by bz cx cy cz", Å'
            ) from error
        structure = structure_of_atoms(atoms)
        yield structure if masses is None else replace(structure, masses_amu=masses)


def read_poscar(handle: TextIO) -> Iterator[FileStructure]:
    """Read the crystal of a POSCAR or CONTCAR, its cell repeated to be wide enough."""
    from ase.io.vasp import read_vasp

    yield structure_of_crystal(read_vasp(handle))


def read_trajectory(path: Path) -> Iterator[FileStructure]:
    """Read the frames of an ASE trajectory."""
    from ase.io.trajectory import Trajectory

    with Trajectory(str(path)) as frames:
        yield from map(structure_of_atoms, frames)


def read_database(path: Path) -> Iterator[FileStructure]:
    """Read the rows of an ASE database, the cells of crystals repeated to be wide enough."""
    from ase.db import connect

    for row in connect(str(path)).select():
        atoms = row.toatoms()
        atoms.info.update(row.key_value_pairs)
        yield replace(structure_of_crystal(atoms), title=f"{row.formula}-{row.id}")


def _write_symbols(lines: list[str]) -> Floats | None:
    """Replace isotopes and atomic numbers by element symbols; return masses, (N,), or None."""
    from ase.data import chemical_symbols

    before = _SPECIES.search(lines[1]) if len(lines) > 1 else None
    column = sum(map(int, before[1].split(":")[2::3])) if before else 0
    rows = [line.replace("*^", "e").split() for line in lines[2:]]
    if any(len(row) <= column for row in rows):
        return None
    numbers, masses = numbers_and_masses([row[column] for row in rows])
    for row, number in zip(rows, numbers, strict=True):
        row[column] = chemical_symbols[number]
    lines[2:] = [" ".join(row) + "\n" for row in rows]
    return masses


def _frame_lines(handle: TextIO) -> Iterator[list[str]]:
    """Split a file into frames; each starts with its number of atoms."""
    for line in handle:
        # Blank lines may follow the last frame.
        if not line.strip():
            continue
        n_atoms = int(line)
        check_size(n_atoms)
        lines = [line, *(handle.readline() for _ in range(n_atoms + 1))]
        if len(lines) > 2 and not lines[-1]:
            raise ValueError(f"it has fewer atoms than the {n_atoms} that its header states")
        yield lines
