"""The library: molecules by name, each a folder in ``systems/``."""

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

from openmm_mlff.errors import FileError, MoleculeError
from openmm_mlff.molecules.assembly import build_system
from openmm_mlff.molecules.files import SUFFIXES, read_structures, suffix_of
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.storage.files import missing, read_toml
from openmm_mlff.storage.text import cut

_NUMBERS = ("charge", "multiplicity")
_TEXTS = ("name", "title", "formula", "structure", "source", "smiles", "purpose")
"""Keys of ``system.toml``; ``purpose``, why the system is in the library, is optional."""


def systems_root() -> Path:
    """Return the ``systems`` folder of an installed wheel or of a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "systems", package.parent / "systems"):
        if folder.is_dir():
            return folder
    raise MoleculeError(
        f"no folder 'systems' in {package} or beside it: the installation is incomplete; "
        "reinstall openmm_mlff"
    )


def list_systems() -> list[str]:
    """Return the sorted names of the library's molecules: folders with a ``system.toml``."""
    return sorted(path.parent.name for path in systems_root().glob("*/system.toml"))


def resolve(name_or_path: str | Path) -> Path:
    """Return the path of a library molecule, or of a file or folder of the user.

    Library names take precedence over files; case is ignored, and - equals _.

    Raises:
        MoleculeError: neither a library name nor an existing path.
    """
    path = user_path(name_or_path)
    known = list_systems()
    name = str(name_or_path).lower().replace("-", "_")
    if name in known:
        return systems_root() / name
    reason = missing(path)
    if not reason and str(name_or_path):
        return path
    # "./missing" is a path, although Path drops the dot.
    if suffix_of(path) in SUFFIXES or isinstance(name_or_path, Path) or "/" in name_or_path:
        raise MoleculeError(
            f"{reason}: {cut(str(path))}; expected a structure file or a library name"
        )
    nearest = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    raise MoleculeError(
        f"unknown system {cut(str(name_or_path))!r}: {hint}the library has {', '.join(known)}; "
        f"or give a file ({', '.join(SUFFIXES)})"
    )


def user_path(name_or_path: str | Path) -> Path:
    """Return a path with ~ and ~user expanded if the user exists."""
    try:
        return Path(name_or_path).expanduser()
    except RuntimeError:
        return Path(name_or_path)


def load_folder(
    folder: Path, *, charge: int | None = None, multiplicity: int | None = None
) -> MolecularSystem:
    """Load a molecule from a folder with a ``system.toml`` and the structure file that it names.

    ``charge`` and ``multiplicity`` replace the recorded ones.

    Raises:
        MoleculeError: something is missing or inconsistent.
    """
    recorded = read_system_toml(folder)
    (structure,) = read_structures(folder / recorded["structure"], count=1, charge_is_given=True)
    system = build_system(
        replace(structure, charge=recorded["charge"], multiplicity=recorded["multiplicity"]),
        name=recorded["name"],
        source=recorded["source"],
        charge=charge,
        multiplicity=multiplicity,
    )
    if system.formula != recorded["formula"]:
        raise MoleculeError(
            f"{folder / 'system.toml'}: formula is {recorded['formula']}, but "
            f"{recorded['structure']} holds {system.formula}; correct one of them"
        )
    return replace(system, in_library=folder.resolve().parent == systems_root().resolve())


def read_system_toml(folder: Path) -> dict[str, Any]:
    """Read a folder's ``system.toml``; an absent purpose becomes "".

    Raises:
        MoleculeError: missing, not valid TOML, too large, with other keys or values, or the named
            structure is outside of the folder.
    """
    path = folder / "system.toml"
    try:
        recorded = {"purpose": "", **read_toml(path)}
    except FileError as error:
        raise MoleculeError(f"{path}: cannot be read as a system's TOML: {error}") from error
    keys = (*_TEXTS, *_NUMBERS)
    if odd := ", ".join(sorted(set(recorded) ^ set(keys))):
        raise MoleculeError(f"{path}: missing or unknown keys: {odd}; expected {', '.join(keys)}")
    for key in _TEXTS:
        value = recorded[key]
        if not isinstance(value, str):
            raise MoleculeError(f"{path}: {key} is {value!r}; expected text in quotes")
        if key in ("name", "structure") and (not value or value != safe_name(value, otherwise="")):
            raise MoleculeError(
                f"{path}: {key} is {value!r}; expected one name of letters, digits, dot, "
                "underscore and hyphen, no path"
            )
    return recorded
