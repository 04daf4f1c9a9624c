"""Load the systems that a user specifies: library molecules, structure files or SMILES."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.assembly import build_system
from openmm_mlff.molecules.embedding import SMILES_PREFIX, structure_from_smiles
from openmm_mlff.molecules.files import MANY_MOLECULES, SUFFIXES, read_structures, suffix_of
from openmm_mlff.molecules.formats.structure import FileStructure
from openmm_mlff.molecules.library import load_folder, resolve, user_path
from openmm_mlff.molecules.names import numbered_names, safe_name
from openmm_mlff.molecules.objects import file_of_object
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.storage.files import missing
from openmm_mlff.storage.text import cut

_ALL = "all"
_MOST_DIGITS = 9
"""Maximum number of digits of a frame index."""


def load_systems(
    name_or_path: Any,
    *,
    charge: int | None = None,
    multiplicity: int | None = None,
    name: str | None = None,
    add_hydrogens: bool = False,
) -> list[MolecularSystem]:
    """Load all molecules that a specification or an object refers to.

    A specification is a library name, a structure file, a folder with system.toml, or
    smiles:SMILES. SDF, MOL and MOL2 files provide every molecule, named by its title. Of the models
    of a PDB or mmCIF file and the frames of an XYZ file the first is used, or those selected by
    ``FILE@N`` (from 0) or ``FILE@all``; a file with such a name takes precedence.

    Bonds are read from the file if present (SDF, MOL, MOL2; PDB if CONECT names every bonded atom),
    otherwise derived from covalent radii. A box with three periodic directions is kept, in standard
    orientation, and molecules are made whole. Missing hydrogens are refused where bond orders show
    them. Objects are read as the file that they are written to: ``ase.Atoms`` as extended XYZ, an
    RDKit ``Mol`` as SDF, an OpenMM topology with positions as mmCIF.

    Args:
        name_or_path: a string, a path, or one of these objects.
        charge: replaces the recorded one (default 0).
        multiplicity: replaces the recorded one (default 1).
        name: replaces the name, or the title of each of several molecules.
        add_hydrogens: add those that an SDF or MOL file leaves out.

    Returns:
        At least one system; all names differ.

    Raises:
        MoleculeError: unknown name, missing or unreadable file, or a molecule that cannot be
            simulated.
    """
    electrons: dict[str, Any] = {"charge": charge, "multiplicity": multiplicity}
    if not isinstance(name_or_path, (str, Path)):
        given = file_of_object(name_or_path)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{given.name}{given.suffix}"
            path.write_text(given.text, encoding="utf-8")
            return load_systems(path, **electrons, name=name, add_hydrogens=add_hydrogens)
    chosen = None if name is None else safe_name(name, otherwise="molecule")
    text = str(name_or_path)
    if text.lower().startswith(SMILES_PREFIX):
        structure, how = structure_from_smiles(text[len(SMILES_PREFIX) :])
        return [build_system(structure, name=chosen or structure.title, source=how, **electrons)]
    plain, selection = _split_selection(name_or_path)
    path = resolve(plain)
    if path.is_dir():
        system = load_folder(path, **electrons)
        return [replace(system, name=chosen or system.name)]
    first = 0 if selection in (None, _ALL) else int(selection)
    is_one = selection != _ALL and (selection or suffix_of(path) not in MANY_MOLECULES)
    structures = read_structures(
        path,
        first=first,
        count=1 if is_one else None,
        charge_is_given=charge is not None,
        add_hydrogens=add_hydrogens,
    )
    names = _names(structures, path=path, first=first, is_selected=selection is not None)
    if chosen is not None:
        names = numbered_names([chosen] * len(names))
    is_alone = selection is None and len(names) == 1
    return [
        build_system(
            structure,
            name=each,
            source=f"file {path.name}" if is_alone else f"file {path.name}, @{index}",
            **electrons,
        )
        for index, (each, structure) in enumerate(zip(names, structures, strict=True), start=first)
    ]


def load_system(
    name_or_path: Any,
    *,
    charge: int | None = None,
    multiplicity: int | None = None,
    name: str | None = None,
    add_hydrogens: bool = False,
) -> MolecularSystem:
    """Load exactly one molecule; without an @ the first frame of a file of frames.

    `name_or_path` and the settings are those of :func:`load_systems`.

    Raises:
        MoleculeError: as :func:`load_systems`; or there are several.
    """
    systems = load_systems(
        name_or_path,
        charge=charge,
        multiplicity=multiplicity,
        name=name,
        add_hydrogens=add_hydrogens,
    )
    if len(systems) > 1:
        raise MoleculeError(
            f"{name_or_path} holds {len(systems)} molecules, expected one: choose one with "
            f"{str(name_or_path).removesuffix('@' + _ALL)}@N, N from 0 to {len(systems) - 1}"
        )
    return systems[0]


def check_there(name_or_path: str | Path) -> None:
    """Raise MoleculeError if a specification is neither a library name nor a file; read nothing."""
    if not str(name_or_path).lower().startswith(SMILES_PREFIX):
        resolve(_split_selection(name_or_path)[0])


def _split_selection(name_or_path: str | Path) -> tuple[str | Path, str | None]:
    """Split FILE@N; a file with exactly that name takes precedence."""
    text = str(name_or_path)
    stem, sign, selection = text.rpartition("@")
    is_own_name = not missing(user_path(text))
    if is_own_name or not sign or suffix_of(Path(stem)) not in SUFFIXES:
        return name_or_path, None
    is_number = selection.isascii() and selection.isdigit() and len(selection) <= _MOST_DIGITS
    if selection != _ALL and not is_number:
        raise MoleculeError(
            f"{stem}: {cut(sign + selection)!r} does not select a frame; expected @N, N from 0, "
            f"or @{_ALL}"
        )
    return stem, selection


def _names(
    structures: list[FileStructure], *, path: Path, first: int, is_selected: bool
) -> list[str]:
    """Name molecules by title, frames by number, and a single structure by its file."""
    stem = safe_name(path.stem, otherwise="molecule")
    if not is_selected and len(structures) == 1:
        return [stem]
    if suffix_of(path) not in MANY_MOLECULES:
        return [f"{stem}-{index}" for index in range(first, first + len(structures))]
    return numbered_names(
        [
            safe_name(structure.title, otherwise=f"{stem}-{number}")
            for number, structure in enumerate(structures, start=first + 1)
        ]
    )
