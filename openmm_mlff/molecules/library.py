"""Load a molecule: by its name in ``systems/``, or from a file of the user's own."""

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.files import ASE_FORMATS, formal_charge, read_atoms
from openmm_mlff.molecules.system import MolecularSystem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from ase import Atoms

SYSTEM_KEYS = (
    "name",
    "title",
    "formula",
    "charge",
    "multiplicity",
    "structure",
    "source",
    "smiles",
)
"""What a ``system.toml`` says."""


def systems_root() -> Path:
    """Find the library: inside an installed wheel, or beside the package in a checkout.

    Returns:
        The ``systems`` folder.

    Raises:
        MoleculeError: There is none; the installation is incomplete.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "systems", package.parent / "systems"):
        if folder.is_dir():
            return folder
    raise MoleculeError(
        f"no folder 'systems' in {package} or beside it: the installation is incomplete; "
        "install openmm_mlff again"
    )


def list_systems() -> list[str]:
    """List the library's molecules.

    Returns:
        Sorted names: the folders that hold a ``system.toml``.
    """
    return sorted(path.parent.name for path in systems_root().glob("*/system.toml"))


def load_system(
    name_or_path: str | Path, *, charge: int | None = None, multiplicity: int | None = None
) -> MolecularSystem:
    """Load a molecule of the library, or the first frame of a structure file.

    Args:
        name_or_path: A library name, a PDB, SDF, MOL, XYZ or extended XYZ file, or a folder
            with a ``system.toml``.
        charge: Total charge instead of the recorded one (0 where none is).
        multiplicity: Spin multiplicity instead of the recorded one (1 where none is).

    Returns:
        The checked molecule.

    Raises:
        MoleculeError: Unknown name, missing or unreadable file, or no molecule one can simulate.
    """
    path = _resolve(name_or_path)
    atoms, recorded = _read(path)
    system = MolecularSystem(
        name=recorded["name"],
        atomic_numbers=atoms.numbers,
        positions_angstrom=atoms.positions,
        charge=_whole(recorded.get("charge", 0) if charge is None else charge, key="charge"),
        multiplicity=_whole(
            recorded.get("multiplicity", 1) if multiplicity is None else multiplicity,
            key="multiplicity",
        ),
        source=recorded["source"],
    )
    if path.is_dir() and system.formula != recorded["formula"]:
        raise MoleculeError(
            f"{path / 'system.toml'}: formula is {recorded['formula']}, but "
            f"{recorded['structure']} holds {system.formula}; correct one of them"
        )
    return system


def _read(path: Path) -> "tuple[Atoms, dict[str, Any]]":
    if path.is_dir():
        recorded = _read_system_toml(path / "system.toml")
        return read_atoms(path / recorded["structure"]), recorded
    atoms = read_atoms(path)
    cell_note = "; its periodic cell is not used" if atoms.pbc.any() else ""
    recorded = {"charge": formal_charge(path), **atoms.info}
    return atoms, {**recorded, "name": path.stem, "source": f"file {path.name}{cell_note}"}


def _whole(value: Any, *, key: str) -> int:
    # Extended XYZ may say charge=0.0, and NumPy has integers of its own.
    if isinstance(value, (int, float, np.integer, np.floating)) and float(value).is_integer():
        return int(value)
    raise MoleculeError(f"{key} is {value!r}; expected a whole number")


def _resolve(name_or_path: str | Path) -> Path:
    path = Path(name_or_path).expanduser()
    known = list_systems()
    name = str(name_or_path).lower().replace("-", "_")
    if name in known:
        return systems_root() / name
    if path.exists():
        return path
    # "./missing" is a path, though Path drops the dot.
    if path.suffix.lower() in ASE_FORMATS or isinstance(name_or_path, Path) or "/" in name_or_path:
        raise MoleculeError(f"no such file: {path}; expected a structure file or a library name")
    nearest = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    raise MoleculeError(
        f"unknown system '{name_or_path}': {hint}the library has {', '.join(known)}; "
        f"or give a file ({', '.join(ASE_FORMATS)})"
    )


def _read_system_toml(path: Path) -> dict[str, Any]:
    try:
        recorded = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MoleculeError(f"{path}: cannot be read as a system's TOML: {error}") from error
    if set(recorded) != set(SYSTEM_KEYS):
        odd = ", ".join(sorted(set(recorded) ^ set(SYSTEM_KEYS)))
        raise MoleculeError(
            f"{path}: missing or unknown keys: {odd}; expected {', '.join(SYSTEM_KEYS)}"
        )
    return recorded
