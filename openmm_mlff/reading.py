"""Read what a user names: text, TOML and JSON; or one line about why it cannot be read."""

import codecs
import json
import os
import sys
from pathlib import Path
from typing import Any

from openmm_mlff.errors import FileError
from openmm_mlff.units import MEBIBYTE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 16 * MEBIBYTE
"""Of a TOML or JSON file that a user names."""

MOST_RUN_BYTES = 256 * MEBIBYTE
"""Of a JSON file in a run directory: a box of a million atoms."""

MOST_STRUCTURE_BYTES = 1024 * MEBIBYTE
"""Of a structure file; frames are read one by one."""

_OTHER_ENCODINGS = (
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
)


def missing(path: Path) -> str:
    """Say why there is nothing at a path, whatever the operating system thinks of its name.

    Args:
        path: of a file or folder.

    Returns:
        The reason, in a few words; empty where there is something.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    except ValueError:
        return "no file can have such a name"
    return ""


def no_plain_file(path: Path) -> str:
    """Say why a path is no file that can be read from its beginning to its end.

    Args:
        path: of a file.

    Returns:
        The reason, in a few words; empty where it is one.
    """
    reason = missing(path)
    if reason:
        return reason
    if path.is_dir():
        return "a folder"
    if not path.is_file():
        # Opening a pipe would wait for ever.
        return "no regular file"
    return "" if os.access(path, os.R_OK) else "permission denied"


def check_plain_text(path: Path) -> None:
    """See that a path is a file, and not text in an encoding of two or four bytes a letter.

    Args:
        path: of a file.

    Raises:
        FileError: it is not.
    """
    reason = no_plain_file(path)
    if reason:
        raise FileError(reason)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise FileError(error.strerror or type(error).__name__) from error
    if start.startswith(_OTHER_ENCODINGS):
        raise FileError("text in UTF-16 or UTF-32; save it as UTF-8")


def check_file_size(path: Path, *, most_bytes: int) -> None:
    """See that a file is not larger than what it should hold can be.

    Args:
        path: of a file that is there.
        most_bytes: the limit.

    Raises:
        FileError: it is larger.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise FileError(
            f"it holds {size / MEBIBYTE:.4g} MiB, and {most_bytes / MEBIBYTE:g} MiB is the most "
            "that is read"
        )


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """Read UTF-8 text, with a byte order mark or without.

    Args:
        path: of a file.
        most_bytes: of a larger file nothing is read.

    Returns:
        The text.

    Raises:
        FileError: there is none, or too much.
    """
    check_plain_text(path)
    check_file_size(path, most_bytes=most_bytes)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise FileError(
            f"no UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: of the file.

    Returns:
        Its table.

    Raises:
        FileError: there is none, or it is no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise FileError(f"no TOML: {_one_line(error)}") from error


def read_json(path: Path, *, most_bytes: int = MOST_BYTES) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        most_bytes: of a larger file nothing is read.

    Returns:
        What it holds.

    Raises:
        FileError: there is none, or it is no JSON.
    """
    try:
        return json.loads(read_text(path, most_bytes=most_bytes))
    except (ValueError, RecursionError) as error:
        raise FileError(f"no JSON: {_one_line(error)}") from error


def cut(text: str, *, length: int = 240) -> str:
    """Cut what a user wrote where a message would drown in it.

    Args:
        text: anything.
        length: of what is kept, in characters.

    Returns:
        The text, or its beginning.
    """
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _one_line(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return " ".join(str(error).split())
