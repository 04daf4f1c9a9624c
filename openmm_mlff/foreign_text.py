"""Text that others wrote: read no more of it than is sane, and show it harmlessly."""

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MEBIBYTE = 2**20
MOST_BYTES = 16 * MEBIBYTE
"""Of a TOML or JSON file that a user names."""

MOST_RUN_BYTES = 256 * MEBIBYTE
"""Of a JSON file in a run directory: a box of a million atoms."""

MOST_STRUCTURE_BYTES = 1024 * MEBIBYTE
"""Of a structure file; frames are read one by one."""

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


def check_size(path: Path, *, most_bytes: int) -> None:
    """See that a file is not larger than what it should hold can be.

    Args:
        path: of the file; one that is not there is not too large.
        most_bytes: the limit.

    Raises:
        ValueError: it is larger.
    """
    try:
        size = path.stat().st_size
    except OSError:
        return
    if size > most_bytes:
        raise ValueError(_too_large(size / MEBIBYTE, most_bytes))


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """Read a text file, never more of it than is allowed.

    Args:
        path: of the file.
        most_bytes: the limit.

    Returns:
        Its text.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or no UTF-8.
    """
    check_size(path, most_bytes=most_bytes)
    with path.open("rb") as file:
        # A device says that it is empty, and never ends.
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(_too_large(len(data) / MEBIBYTE, most_bytes))
    return data.decode("utf-8")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of sane size.

    Args:
        path: of the file.

    Returns:
        Its table.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, nested too deeply, or no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_json(path: Path, *, most_bytes: int = MOST_BYTES) -> Any:
    """Read a JSON file of sane size.

    Args:
        path: of the file.
        most_bytes: the limit.

    Returns:
        What it holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, nested too deeply, or no JSON.
    """
    try:
        return json.loads(read_text(path, most_bytes=most_bytes))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


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


def _too_large(mebibytes: float, most_bytes: int) -> str:
    return (
        f"it holds {mebibytes:.4g} MiB or more, and {most_bytes / MEBIBYTE:g} MiB is the most that "
        "is read"
    )
