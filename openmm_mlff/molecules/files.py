"""Read the frames or molecules of a structure file, with one-line errors for invalid files."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from openmm_mlff.errors import FileError, MoleculeError
from openmm_mlff.molecules.formats.cif import read_cif
from openmm_mlff.molecules.formats.frames import (
    read_database,
    read_poscar,
    read_trajectory,
    read_xyz,
)
from openmm_mlff.molecules.formats.mol2 import read_mol2
from openmm_mlff.molecules.formats.molfile import read_molfiles
from openmm_mlff.molecules.formats.pdb import read_pdb
from openmm_mlff.molecules.formats.structure import FileStructure, check_size
from openmm_mlff.storage.files import (
    MOST_STRUCTURE_BYTES,
    check_file_size,
    check_plain_text,
    missing,
)
from openmm_mlff.storage.text import one_line

Reader = Callable[[Any], Iterator[FileStructure]]
"""From open text, or for :data:`_BINARY` from a path."""

_READERS: dict[str, Reader] = {
    ".pdb": read_pdb,
    ".cif": read_cif,
    ".mmcif": read_cif,
    ".sdf": read_molfiles,
    ".mol": read_molfiles,
    ".mol2": read_mol2,
    ".xyz": read_xyz,
    ".extxyz": read_xyz,
    ".vasp": read_poscar,
    ".traj": read_trajectory,
    ".db": read_database,
}
_BINARY = (".traj", ".db")
_HYDROGENS = (".sdf", ".mol")
"""Formats with bond orders and charges, to which hydrogens can be added."""

_PREPARED = (
    *(".prmtop", ".parm7", ".top", ".psf", ".xml"),
    *(".inpcrd", ".rst7", ".crd", ".cor", ".gro"),
)
_PREPARED_HINT = (
    "for ML/MM, give the coordinates as --system, the prepared system (prmtop, psf and parameters, "
    "top or system.xml) as --forcefield, and the atoms of the potential as --ml-atoms"
)

SUFFIXES = tuple(_READERS)
"""File suffixes of structures; POSCAR and CONTCAR need none."""

MANY_MOLECULES = (".sdf", ".mol", ".mol2")
"""Formats that list molecules; other formats have several frames or models of one molecule."""


def suffix_of(path: Path) -> str:
    """Return the suffix that names the format of a file, lower case."""
    return ".vasp" if path.name.startswith(("POSCAR", "CONTCAR")) else path.suffix.lower()


# Exceptions observed when reading invalid files.
READING_FAILURES = (
    OSError,
    ValueError,
    LookupError,
    StopIteration,
    RuntimeError,
    AssertionError,
    TypeError,
    AttributeError,
    Warning,
    sqlite3.Error,
)


def read_structures(
    path: Path,
    *,
    first: int = 0,
    count: int | None = None,
    charge_is_given: bool = False,
    add_hydrogens: bool = False,
) -> list[FileStructure]:
    """Read at most ``count`` frames or molecules of a file, starting with ``first`` (zero-based).

    The format follows from the suffix. ``charge_is_given``: the total charge need not be
    determined. ``add_hydrogens``: to open valences.

    Raises:
        MoleculeError: missing, unreadable, of unknown format, without atoms, or with fewer
            structures than requested.
    """
    suffix = suffix_of(path)
    reader = _READERS.get(suffix)
    if reader is None:
        hint = _PREPARED_HINT if suffix in _PREPARED else f"expected one of {', '.join(SUFFIXES)}"
        raise MoleculeError(f"{path}: '{path.suffix}' is not a supported structure format; {hint}")
    if add_hydrogens and suffix not in _HYDROGENS:
        raise MoleculeError(
            f"{path}: hydrogens can be added to SDF and MOL files only, whose bond orders and "
            "charges determine them; convert the file, or add the hydrogens with another program"
        )
    if reader is read_mol2:
        reader = partial(read_mol2, charge_is_given=charge_is_given)
    elif add_hydrogens:
        reader = partial(read_molfiles, add_hydrogens=True)
    stop = None if count is None else first + count
    # Skipped structures are counted in the same pass, so that an error can give their number.
    read = _read(path, reader, stop=stop)
    if not read:
        raise MoleculeError(
            f"{path}: cannot be read as {_kind(path)} (it has no structure); check that the file "
            "is complete"
        )
    if len(read) <= first:
        raise MoleculeError(f"{path}: it has no @{first}; expected @0 to @{len(read) - 1}")
    for index, structure in enumerate(read[first:], start=first):
        if len(structure.atomic_numbers) == 0:
            where = f" (@{index})" if len(read) > 1 else ""
            raise MoleculeError(f"{path}: it has no atoms{where}; expected a molecule")
    return read[first:]


def _read(path: Path, reader: Reader, *, stop: int | None) -> list[FileStructure]:
    if reason := missing(path):
        raise MoleculeError(f"{reason}: {path}")
    read: list[FileStructure] = []
    try:
        check_file_size(path, most_bytes=MOST_STRUCTURE_BYTES)
        with ExitStack() as opened:
            source: Any = path
            if suffix_of(path) not in _BINARY:
                check_plain_text(path)
                # Remarks and titles may have any encoding; all relevant data are ASCII.
                source = opened.enter_context(path.open(encoding="utf-8-sig", errors="replace"))
            for structure in islice(reader(source), stop):
                check_size(len(structure.atomic_numbers))
                read.append(structure)
    except FileError as error:
        raise MoleculeError(f"{path}: {error}; expected a file in {_kind(path)} format") from error
    except (MoleculeError, *READING_FAILURES) as error:
        # The frame in which reading stopped, unless it is the first.
        place = f"{path}@{len(read)}" if read else str(path)
        if isinstance(error, MoleculeError):
            raise MoleculeError(f"{place}: {error}") from error
        detail = one_line(error) or "it has no frame"
        raise MoleculeError(
            f"{place}: cannot be read as {_kind(path)} ({type(error).__name__}: {detail}); check "
            "that the file is complete"
        ) from error
    return read


def _kind(path: Path) -> str:
    return suffix_of(path)[1:].upper()
