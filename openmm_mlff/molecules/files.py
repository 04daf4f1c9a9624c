"""Read a structure file: its frames or molecules, or one clear line about what is wrong with it."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.formats.mmcif import read_mmcif
from openmm_mlff.molecules.formats.mol2 import read_mol2
from openmm_mlff.molecules.formats.molfile import read_molfiles
from openmm_mlff.molecules.formats.pdb import read_pdb
from openmm_mlff.molecules.formats.structure import FileStructure
from openmm_mlff.molecules.formats.xyz import read_xyz

Reader = Callable[[TextIO], Iterator[FileStructure]]

_READERS: dict[str, Reader] = {
    ".pdb": read_pdb,
    ".cif": read_mmcif,
    ".mmcif": read_mmcif,
    ".sdf": read_molfiles,
    ".mol": read_molfiles,
    ".mol2": read_mol2,
    ".xyz": read_xyz,
    ".extxyz": read_xyz,
}

SUFFIXES = tuple(_READERS)
"""File suffixes of structures."""

MANY_MOLECULES = (".sdf", ".mol", ".mol2")
"""Formats that list molecules; in the others one molecule has several frames or models."""

# What reading a damaged file was seen to raise.
READING_FAILURES = (
    OSError,
    ValueError,
    LookupError,
    StopIteration,
    RuntimeError,
    AssertionError,
    TypeError,
    AttributeError,
)


def read_structures(
    path: Path, *, first: int = 0, count: int | None = None, charge_is_given: bool = False
) -> list[FileStructure]:
    """Read some of a file's frames or molecules.

    Args:
        path: a structure file, told apart by its suffix.
        first: the first to give, from 0.
        count: how many to give at most; None for all that follow.
        charge_is_given: whether the total charge is known, and need not be worked out.

    Returns:
        At least one structure, each with at least one atom.

    Raises:
        MoleculeError: Missing, unreadable, of unknown format, without atoms, or with fewer
            structures than asked for.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise MoleculeError(
            f"{path}: '{path.suffix}' is no structure format known here; expected one of "
            f"{', '.join(SUFFIXES)}"
        )
    if reader is read_mol2:
        reader = partial(read_mol2, charge_is_given=charge_is_given)
    stop = None if count is None else first + count
    # A single pass: what is before the first is counted, so that an error can say how many.
    read = _read(path, reader, stop=stop)
    if not read:
        raise MoleculeError(
            f"{path}: cannot be read as {_kind(path)} (nothing in it); check that the file is "
            "complete"
        )
    if len(read) <= first:
        raise MoleculeError(
            f"{path}: there is no @{first}; it holds {len(read)}, expected @0 to @{len(read) - 1}"
        )
    for index, structure in enumerate(read[first:], start=first):
        if len(structure.atomic_numbers) == 0:
            where = f" (@{index})" if len(read) > 1 else ""
            raise MoleculeError(f"{path}: no atoms in it{where}; expected a molecule")
    return read[first:]


def _read(path: Path, reader: Reader, *, stop: int | None) -> list[FileStructure]:
    if path.is_dir():
        raise MoleculeError(f"{path}: a folder; expected a {_kind(path)} file")
    read: list[FileStructure] = []
    try:
        # Remarks and titles may be in any encoding; what matters is ASCII.
        with path.open(encoding="utf-8", errors="replace") as handle:
            for structure in islice(reader(handle), stop):
                read.append(structure)
    except FileNotFoundError as error:
        raise MoleculeError(f"no such file: {path}; correct the path") from error
    except MoleculeError as error:
        raise MoleculeError(f"{_place(path, read)}: {error}") from error
    except KeyError as error:
        raise MoleculeError(
            f"{_place(path, read)}: {error} is no element; expected symbols from H to Og"
        ) from error
    except READING_FAILURES as error:
        detail = " ".join(str(error).split()) or "no frame in it"
        raise MoleculeError(
            f"{_place(path, read)}: cannot be read as {_kind(path)} ({type(error).__name__}: "
            f"{detail}); check that the file is complete"
        ) from error
    return read


def _place(path: Path, read: list[FileStructure]) -> str:
    """Say where reading stopped: in which frame, unless it is the first."""
    return f"{path}@{len(read)}" if read else str(path)


def _kind(path: Path) -> str:
    return path.suffix[1:].upper()
