"""Shell completion of potentials, systems, protocols, checks and platforms.

The shell calls it at every press of the tab key, so nothing here imports torch or OpenMM.
"""

import os
from collections.abc import Iterable
from pathlib import Path

_POTENTIAL_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")
_PREFIXES = ("openmm-ml:", "openmm:", "ase:")
PLATFORMS = ("auto", "CUDA", "OpenCL", "CPU", "Reference")


def complete_potential(incomplete: str) -> list[str]:
    """Complete shipped students, model files in the folder, and the prefixes of other specs."""
    weights = Path(__file__).parent.parent / "students" / "weights"
    students = [f"student:{path.stem}" for path in sorted(weights.glob("*.safetensors"))]
    taken_off = _taken_off_by_bash()
    if taken_off:
        found = _starting(students, taken_off + incomplete)
        return [word.removeprefix(taken_off) for word in found]
    return _starting([*students, *_PREFIXES, *_files(incomplete, _POTENTIAL_SUFFIXES)], incomplete)


def complete_system(incomplete: str) -> list[str]:
    """Complete molecules of the library and structure files in the folder."""
    from openmm_mlff.molecules.files import SUFFIXES
    from openmm_mlff.molecules.library import list_systems

    return _starting([*list_systems(), "smiles:", *_files(incomplete, SUFFIXES)], incomplete)


def complete_protocol(incomplete: str) -> list[str]:
    """Complete protocols of the package and TOML files in the folder."""
    from openmm_mlff.config import list_protocols

    return _starting([*list_protocols(), *_files(incomplete, (".toml",))], incomplete)


def complete_check(incomplete: str) -> list[str]:
    """Complete ids of checks, including those of installed packages."""
    from openmm_mlff.checks.plugins import installed_names
    from openmm_mlff.checks.registry import CHECKS

    return _starting([*(spec.id for spec in CHECKS), *installed_names()], incomplete)


def complete_platform(incomplete: str) -> list[str]:
    """Complete names of platforms, ignoring case."""
    return [name for name in PLATFORMS if name.lower().startswith(incomplete.lower())]


def complete_precision(incomplete: str) -> list[str]:
    """Complete precisions."""
    from openmm_mlff.config import PRECISIONS

    return _starting(PRECISIONS, incomplete)


def _taken_off_by_bash() -> str:
    """Return the part of the word that bash, which splits words at colons, removes: ``student:``.

    Empty without a colon, and in other shells.
    """
    words = os.environ.get("COMP_WORDS", "").split()
    given = os.environ.get("COMP_CWORD", "")
    colon = (int(given) if given.isdigit() else 0) - 1
    return f"{words[colon - 1]}:" if 1 <= colon < len(words) and words[colon] == ":" else ""


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _files(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return matching files, and folders to descend into."""
    folder = Path(incomplete if incomplete.endswith("/") else Path(incomplete).parent)
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        f"{path}/" if path.is_dir() else str(path)
        for path in found
        if not path.name.startswith(".") and (path.is_dir() or path.suffix in suffixes)
    ]
