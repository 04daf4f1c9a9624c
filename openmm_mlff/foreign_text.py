"""Make untrusted text safe to display and to use as a folder name."""

import unicodedata
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT = "\t\n"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories of controls, directional marks, surrogates and the like."""


def printable(text: str) -> str:
    """Replace escape sequences, directional marks and the like; keep tabs and line feeds."""
    if text.isascii() and text.isprintable():
        return text
    plain = text.replace("\r\n", "\n")
    return "".join(
        REPLACEMENT if unicodedata.category(one) in _HIDDEN and one not in _KEPT else one
        for one in plain
    )


def printable_values(value: Any) -> Any:
    """Return JSON values with every string, including keys, made printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): printable_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(printable_values(item) for item in value)
    return value


def folder_inside(folder: Path, name: str) -> Path:
    """Return the path of a run's subfolder.

    Raises:
        RunDirectoryError: the name is not a single path component, or the path is a link.
    """
    path = folder / str(name)
    if name != path.name or name in {"", ".", ".."} or "\\" in name or "\0" in name:
        raise RunDirectoryError(
            f"{name!r} cannot be the name of a folder in {folder}; expected letters, digits, "
            "dot, underscore and hyphen: give it another name"
        )
    if path.is_symlink():
        raise RunDirectoryError(
            f"{path} is a link, expected a folder of the run; remove it, or choose another --output"
        )
    return path
