"""Load what a user names: a molecule of the library, structure files, or a SMILES."""

from pathlib import Path

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.building import build_system
from openmm_mlff.molecules.files import MANY_MOLECULES, SUFFIXES, read_structures
from openmm_mlff.molecules.formats.structure import FileStructure
from openmm_mlff.molecules.library import load_folder, resolve, user_path
from openmm_mlff.molecules.names import numbered_names, safe_name
from openmm_mlff.molecules.smiles import SMILES_PREFIX, structure_from_smiles
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.reading import cut, missing

_ALL = "all"
_MOST_DIGITS = 9
"""Of a frame's number."""


def known_forms() -> str:
    """Say in one line what names a system, for help and error texts.

    Returns:
        One line.
    """
    return (
        f"a library name, a file ({', '.join(SUFFIXES)}), FILE@N or FILE@all for frame or molecule "
        f"N (from 0) or all of them, a folder with system.toml, or {SMILES_PREFIX}SMILES"
    )


def load_systems(
    name_or_path: str | Path, *, charge: int | None = None, multiplicity: int | None = None
) -> list[MolecularSystem]:
    """Load all that one name means.

    SDF, MOL and MOL2 files give every molecule, named by its title.  Of the models of a PDB or
    mmCIF file and the frames of an XYZ file the first is taken, or those that ``FILE@N`` (from 0)
    or ``FILE@all`` asks for; a file whose own name has such an end comes first.

    Bonds are the file's where it has them (SDF, MOL, MOL2; PDB where CONECT names every bonded
    atom), else they come from covalent radii.  A box that repeats in three directions is kept, set
    upright, and molecules that it cuts are made whole.  Hydrogens that are missing stay missing.

    Args:
        name_or_path: see :func:`known_forms`.
        charge: Total charge instead of the recorded one (0 where none is).
        multiplicity: Spin multiplicity instead of the recorded one (1 where none is).

    Returns:
        At least one checked molecule; their names differ.

    Raises:
        MoleculeError: Unknown name, missing or unreadable file, or no molecule one can simulate.
        MissingDependencyError: RDKit is needed and not installed.
    """
    text = str(name_or_path)
    if text.lower().startswith(SMILES_PREFIX):
        structure, how = structure_from_smiles(text[len(SMILES_PREFIX) :])
        return [
            build_system(
                structure,
                name=structure.title,
                source=how,
                charge=charge,
                multiplicity=multiplicity,
            )
        ]
    plain, selection = _split_selection(name_or_path)
    path = resolve(plain)
    if path.is_dir():
        return [load_folder(path, charge=charge, multiplicity=multiplicity)]
    first, count = _range(selection, path=path)
    structures = read_structures(path, first=first, count=count, charge_is_given=charge is not None)
    names = _names(structures, path=path, first=first, is_selected=selection is not None)
    return [
        build_system(
            structure,
            name=name,
            source=_source(path, index=index, is_alone=selection is None and len(names) == 1),
            charge=charge,
            multiplicity=multiplicity,
        )
        for index, (name, structure) in enumerate(zip(names, structures, strict=True), start=first)
    ]


def load_system(
    name_or_path: str | Path, *, charge: int | None = None, multiplicity: int | None = None
) -> MolecularSystem:
    """Load the one molecule that a name means.

    Args:
        name_or_path: see :func:`known_forms`; without an @ the first frame of a file of frames.
        charge: Total charge instead of the recorded one (0 where none is).
        multiplicity: Spin multiplicity instead of the recorded one (1 where none is).

    Returns:
        The checked molecule.

    Raises:
        MoleculeError: As :func:`load_systems`; or there are several.
        MissingDependencyError: As :func:`load_systems`.
    """
    systems = load_systems(name_or_path, charge=charge, multiplicity=multiplicity)
    if len(systems) > 1:
        raise MoleculeError(
            f"{name_or_path} holds {len(systems)} molecules, expected one: choose one by "
            f"{str(name_or_path).removesuffix('@' + _ALL)}@N, N from 0 to {len(systems) - 1}"
        )
    return systems[0]


def _split_selection(name_or_path: str | Path) -> tuple[str | Path, str | None]:
    """Part FILE@N; a file whose whole name that is comes first."""
    text = str(name_or_path)
    stem, sign, selection = text.rpartition("@")
    is_own_name = not missing(user_path(text))
    if is_own_name or not sign or Path(stem).suffix.lower() not in SUFFIXES:
        return name_or_path, None
    is_number = selection.isascii() and selection.isdigit() and len(selection) <= _MOST_DIGITS
    if selection != _ALL and not is_number:
        raise MoleculeError(
            f"{stem}: {cut(sign + selection)!r} chooses no frame; expected @N, N from 0, or @{_ALL}"
        )
    return stem, selection


def _range(selection: str | None, *, path: Path) -> tuple[int, int | None]:
    """Give the first structure to take and how many."""
    if selection is None:
        return 0, None if path.suffix.lower() in MANY_MOLECULES else 1
    return (0, None) if selection == _ALL else (int(selection), 1)


def _names(
    structures: list[FileStructure], *, path: Path, first: int, is_selected: bool
) -> list[str]:
    """Name molecules by their titles, frames by their number, what is alone by its file."""
    stem = safe_name(path.stem, otherwise="molecule")
    if not is_selected and len(structures) == 1:
        return [stem]
    if path.suffix.lower() not in MANY_MOLECULES:
        return [f"{stem}-{index}" for index in range(first, first + len(structures))]
    return numbered_names(
        [
            safe_name(structure.title, otherwise=f"{stem}-{number}")
            for number, structure in enumerate(structures, start=first + 1)
        ]
    )


def _source(path: Path, *, index: int, is_alone: bool) -> str:
    return f"file {path.name}" if is_alone else f"file {path.name}, @{index}"
