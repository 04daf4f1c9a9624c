"""Read a structure file: first frame, or one clear line about what is wrong with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmm_mlff.errors import MoleculeError

if TYPE_CHECKING:
    from ase import Atoms

ASE_FORMATS = {
    ".pdb": "proteindatabank",
    ".sdf": "sdf",
    ".mol": "sdf",
    ".xyz": "extxyz",
    ".extxyz": "extxyz",
}
"""File suffixes of structures, and what ASE calls their formats."""

# What ASE's readers were seen to raise on damaged files; the list is theirs, not ours.
_READING_FAILURES = (
    OSError,
    ValueError,
    LookupError,
    StopIteration,
    RuntimeError,
    AssertionError,
    TypeError,
    AttributeError,
)


def read_atoms(path: Path) -> "Atoms":
    """Read the first frame of a structure file.

    Args:
        path: PDB, SDF, MOL, XYZ or extended XYZ, told apart by the suffix.

    Returns:
        The atoms, at least one.

    Raises:
        MoleculeError: Missing, unreadable, of unknown format, or without atoms.
    """
    import ase.io

    if path.suffix.lower() not in ASE_FORMATS:
        raise MoleculeError(
            f"{path}: '{path.suffix}' is no structure format known here; expected one of "
            f"{', '.join(ASE_FORMATS)}"
        )
    atoms: Any
    try:
        # An open file, because ASE reads an @ in a file name as a frame index.
        with path.open(encoding="utf-8") as handle:
            atoms = ase.io.read(handle, format=ASE_FORMATS[path.suffix.lower()], index=0)
    except FileNotFoundError as error:
        raise MoleculeError(f"no such file: {path}") from error
    except KeyError as error:
        raise MoleculeError(
            f"{path}: {error} is no element; expected symbols from H to Og"
        ) from error
    except _READING_FAILURES as error:
        detail = " ".join(str(error).split()) or "no frame in it"
        raise MoleculeError(
            f"{path}: cannot be read as {path.suffix[1:].upper()} ({type(error).__name__}: "
            f"{detail}); check that the file is complete"
        ) from error
    if len(atoms) == 0:
        raise MoleculeError(f"{path}: no atoms in it; expected a molecule")
    return atoms


def formal_charge(path: Path) -> int:
    """Sum the formal charges that an SDF, MOL or PDB file records; ASE does not read them.

    Args:
        path: A file that :func:`read_atoms` has read.

    Returns:
        Total charge of the first molecule or model, 0 where none is recorded.

    Raises:
        MoleculeError: A charge is no whole number.
    """
    suffix = path.suffix.lower()
    if suffix not in (".sdf", ".mol", ".pdb"):
        return 0
    total = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(("$$$$", "ENDMDL")):
            break
        if suffix != ".pdb" and line.startswith("M  CHG"):
            try:
                total += sum(int(charge) for charge in line.split()[4::2])
            except ValueError as error:
                raise MoleculeError(f"{path}: damaged line '{line}': {error}") from error
        elif suffix == ".pdb" and line.startswith(("ATOM", "HETATM")):
            digit, sign = line[78:79], line[79:80]
            if digit.isdigit() and sign in ("+", "-"):
                total += int(sign + digit)
    return total
