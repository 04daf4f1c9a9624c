"""Files that are written whole or not at all, and disks that take no more."""

import errno
import os
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

PART = ".part"
"""Ending of files that are being written; a kill may leave them."""

_STORAGE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE}
)


@contextmanager
def replacing(path: Path, *, keep_as: Path | None = None) -> Iterator[IO[bytes]]:
    """Open a file that takes another's place once it is whole and on the disk.

    Args:
        path: what is replaced.
        keep_as: where what was there goes; None drops it.

    Yields:
        The file to write to; nothing is replaced where that raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PART}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            # Else a power cut may leave the new name with nothing behind it.
            os.fsync(file.fileno())
        if keep_as is not None and path.exists():
            os.replace(path, keep_as)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Change the working folder for a while.

    Yields:
        Nothing.
    """
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_text(path: Path, text: str, *, keep_as: Path | None = None) -> None:
    """Write a text file whole or not at all; what was there may be kept under another name."""
    with replacing(path, keep_as=keep_as) as file:
        file.write(text.encode())


def remove_parts(root: Path) -> None:
    """Remove what a kill left of files that were being written."""
    for path in root.rglob(f".*{PART}"):
        path.unlink(missing_ok=True)


def storage_failure(error: BaseException | None) -> OSError | None:
    """Find out whether an error comes from a disk that takes no more.

    Args:
        error: with what caused it.

    Returns:
        What the system said; None where it is another error.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _STORAGE_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed ``.npz`` whole or not at all; the same arrays give the same bytes."""
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # NumPy's own writer puts the time of day into the file.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
