"""The library: molecules by name, each a folder in ``systems/``."""

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

from openmm_mlff.errors import FileError, MoleculeError
from openmm_mlff.molecules.building import build_system
from openmm_mlff.molecules.files import SUFFIXES, read_structures
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.reading import cut, missing, read_toml

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

_NUMBERS = ("charge", "multiplicity")


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


def resolve(name_or_path: str | Path) -> Path:
    """Find a molecule of the library, or a file or folder of the user's own.

    A library name wins over a file of that name.

    Args:
        name_or_path: A library name, in any case, with - or _; or a path.

    Returns:
        A folder with a ``system.toml``, or a file.

    Raises:
        MoleculeError: No such name, no such file.
    """
    path = user_path(name_or_path)
    known = list_systems()
    name = str(name_or_path).lower().replace("-", "_")
    if name in known:
        return systems_root() / name
    reason = missing(path)
    if not reason and str(name_or_path):
        return path
    # "./missing" is a path, though Path drops the dot.
    if path.suffix.lower() in SUFFIXES or isinstance(name_or_path, Path) or "/" in name_or_path:
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
    """Give a path, ~ and ~user spelt out where there is such a user.

    Args:
        name_or_path: as the user wrote it.

    Returns:
        The path.
    """
    try:
        return Path(name_or_path).expanduser()
    except RuntimeError:
        return Path(name_or_path)


def load_folder(
    folder: Path, *, charge: int | None = None, multiplicity: int | None = None
) -> MolecularSystem:
    """Load a molecule from a folder like those of the library.

    Args:
        folder: holds ``system.toml`` and the structure file that it names.
        charge: Total charge instead of the recorded one.
        multiplicity: Spin multiplicity instead of the recorded one.

    Returns:
        The checked molecule.

    Raises:
        MoleculeError: Something is missing, or does not agree.
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
    """Read what a folder says of its molecule.

    Args:
        folder: holds ``system.toml``.

    Returns:
        The value of each of :data:`SYSTEM_KEYS`.

    Raises:
        MoleculeError: missing, no TOML or too large, with other keys or values, or it names
            something outside of the folder.
    """
    path = folder / "system.toml"
    try:
        recorded = read_toml(path)
    except FileError as error:
        raise MoleculeError(f"{path}: cannot be read as a system's TOML: {error}") from error
    if set(recorded) != set(SYSTEM_KEYS):
        odd = ", ".join(sorted(set(recorded) ^ set(SYSTEM_KEYS)))
        raise MoleculeError(
            f"{path}: missing or unknown keys: {odd}; expected {', '.join(SYSTEM_KEYS)}"
        )
    for key, value in recorded.items():
        if key not in _NUMBERS and not isinstance(value, str):
            raise MoleculeError(f"{path}: {key} is {value!r}; expected text in quotes")
    for key in ("name", "structure"):
        value = recorded[key]
        if not value or value != safe_name(value, otherwise=""):
            raise MoleculeError(
                f"{path}: {key} is {value!r}; expected one name of letters, digits, dot, "
                "underscore and hyphen, no path"
            )
    return recorded
