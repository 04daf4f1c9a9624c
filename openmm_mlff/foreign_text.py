"""Text that others wrote: shown harmlessly, and no way out of a folder."""

import unicodedata
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT = "\t\n"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's categories of what is not seen: controls, marks of direction, halves of characters."""


def printable(text: str) -> str:
    """Replace what a terminal or a page would obey instead of showing it.

    Args:
        text: of any origin.

    Returns:
        The same with escape sequences, marks of direction and the like made visible; tabs and line
        ends stay.
    """
    if text.isascii() and text.isprintable():
        return text
    plain = text.replace("\r\n", "\n")
    return "".join(
        REPLACEMENT if unicodedata.category(one) in _HIDDEN and one not in _KEPT else one
        for one in plain
    )


def printable_values(value: Any) -> Any:
    """Make every text in plain values printable.

    Args:
        value: of JSON.

    Returns:
        The same, keys included.
    """
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): printable_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(printable_values(item) for item in value)
    return value


def folder_inside(folder: Path, name: str) -> Path:
    """Name a folder of a run in a folder; no name and no link leads out of it.

    Args:
        folder: of the run.
        name: one part of a path.

    Returns:
        Its path.

    Raises:
        RunDirectoryError: it is no such name, or a link is there.
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
