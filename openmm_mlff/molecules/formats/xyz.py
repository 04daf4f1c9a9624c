"""XYZ and extended XYZ."""

import io
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from openmm_mlff.molecules.electrons import CHARGE_NAMES, MULTIPLICITY_NAMES, recorded
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    check_size,
)


def read_xyz(handle: TextIO) -> Iterator[FileStructure]:
    """Read frames of an XYZ or extended XYZ file.

    The comment line may contain charge and multiplicity, under each name of
    :mod:`openmm_mlff.molecules.electrons`, and ``Lattice=``, ignored if ``pbc`` is false.

    Yields:
        One structure per frame.

    Raises:
        BadStructureError: a frame is periodic in one or two directions only, specifies its box in
            another way, or is inconsistent.
    """
    from ase.io.extxyz import read_xyz as read_ase_frames

    for block in _frame_texts(handle):
        (atoms,) = read_ase_frames(io.StringIO(block), index=slice(None))
        if atoms.pbc.any() and not atoms.pbc.all():
            flags = " ".join("T" if flag else "F" for flag in atoms.pbc)
            raise BadStructureError(
                f'pbc="{flags}" repeats in some directions only, and slabs and wires are not '
                'supported: write pbc="T T T" with empty space in the box, or pbc="F F F"'
            )
        unread = [name for name in atoms.info if name.lower() == "lattice"]
        if unread:
            raise BadStructureError(f"{unread[0]}= is not read as a box; write Lattice=")
        try:
            charge = recorded(atoms.info, CHARGE_NAMES)
            multiplicity = recorded(atoms.info, MULTIPLICITY_NAMES)
        except ValueError as error:
            raise BadStructureError(str(error)) from error
        yield FileStructure(
            atomic_numbers=np.asarray(atoms.numbers, dtype=np.int64),
            positions_angstrom=np.asarray(atoms.positions, dtype=np.float64),
            charge=charge,
            multiplicity=multiplicity,
            cell_angstrom=np.array(atoms.cell) if atoms.pbc.all() else None,
        )


def _frame_texts(handle: TextIO) -> Iterator[str]:
    """Split a file into frames; each starts with its number of atoms."""
    for line in handle:
        if not line.strip():
            # Blank lines may follow the last frame.
            continue
        n_atoms = int(line)
        check_size(n_atoms)
        lines = [line, *(handle.readline() for _ in range(n_atoms + 1))]
        if len(lines) > 2 and not lines[-1]:
            raise ValueError(f"fewer atoms than the {n_atoms} announced")
        yield "".join(lines)
