"""Write files atomically, read those of a user with one-line errors, and convert to JSON.

pytest imports this at every start, hence it does not import NumPy.
"""

import codecs
import dataclasses
import errno
import json
import math
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from openmm_mlff.errors import FileError
from openmm_mlff.storage.text import one_line
from openmm_mlff.units import MEBIBYTE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PART = ".part"
"""Suffix of incomplete files; a killed process may leave them."""

MOST_BYTES = 16 * MEBIBYTE
"""Size limit of a user's TOML or JSON file."""

MOST_RUN_BYTES = 256 * MEBIBYTE
"""Size limit of a JSON file in a run directory: a box of a million atoms."""

MOST_STRUCTURE_BYTES = 1024 * MEBIBYTE
"""Size limit of a structure file, whose frames are read one by one."""

# UTF-32 in little-endian order begins like UTF-16.
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_STORAGE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE}
)


@contextmanager
def replacing(path: Path, *, keep_as: Path | None = None) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` atomically once it is complete and synced.

    If the block raises, nothing is replaced.  The previous file is moved to `keep_as`, if given.

    Yields:
        The file to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PART}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            # Without this, a power failure may leave an empty file under the new name.
            os.fsync(file.fileno())
        if keep_as is not None and path.exists():
            os.replace(path, keep_as)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, keep_as: Path | None = None) -> None:
    """Write a text file atomically; the previous file is moved to `keep_as`, if given."""
    with replacing(path, keep_as=keep_as) as file:
        file.write(text.encode())


def remove_parts(root: Path) -> None:
    """Remove incomplete files left by a killed process."""
    for path in root.rglob(f".*{PART}"):
        path.unlink(missing_ok=True)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Change the working folder within a block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def storage_failure(error: BaseException | None) -> OSError | None:
    """Return the error of a full or failing disk in the chain of causes, or None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _STORAGE_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def missing(path: Path) -> str:
    """Return why a path does not exist; empty if it does."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    except ValueError:
        return "not a valid file name"
    return ""


def no_plain_file(path: Path) -> str:
    """Return why a path is not a readable regular file; empty if it is."""
    reason = missing(path)
    if reason:
        return reason
    if path.is_dir():
        return "a folder"
    if not path.is_file():
        # Opening a pipe would block.
        return "not a regular file"
    return "" if os.access(path, os.R_OK) else "permission denied"


def check_plain_text(path: Path) -> None:
    """Check that a path is a readable file and not UTF-16 or UTF-32 text.

    Raises:
        FileError: it is not.
    """
    if reason := no_plain_file(path):
        raise FileError(reason)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise FileError(error.strerror or type(error).__name__) from error
    if start.startswith(_OTHER_ENCODINGS):
        raise FileError("text in UTF-16 or UTF-32; save it as UTF-8")


def check_file_size(path: Path, *, most_bytes: int) -> None:
    """Check that an existing file is not larger than a limit.

    Raises:
        FileError: it is.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise FileError(
            f"its size is {size / MEBIBYTE:.4g} MiB; expected at most {most_bytes / MEBIBYTE:g} MiB"
        )


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """Read UTF-8 text with an optional byte order mark.

    Raises:
        FileError: the file is missing, unreadable or too large.
    """
    check_plain_text(path)
    check_file_size(path, most_bytes=most_bytes)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise FileError(
            f"not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a FileError says what is wrong with it."""
    return _parsed(tomllib.loads, read_text(path), kind="TOML")


def read_json(path: Path, *, most_bytes: int = MOST_BYTES) -> Any:
    """Read a JSON file; a FileError says what is wrong with it."""
    return _parsed(json.loads, read_text(path, most_bytes=most_bytes), kind="JSON")


def _parsed(parse: Callable[[str], Any], text: str, *, kind: str) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        is_deep = isinstance(error, RecursionError)
        said = "nested too deeply" if is_deep else one_line(error)
        raise FileError(f"not valid {kind}: {said}") from error


def jsonable(value: Any) -> Any:
    """Convert NumPy values, dataclasses, tuples and mappings to JSON; infinite and NaN to null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
