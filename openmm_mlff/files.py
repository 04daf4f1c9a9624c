"""Atomic file writes, and detection of full or failing disks."""

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
"""Suffix of incomplete files; a killed process may leave them."""

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


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Change the working folder within a block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_text(path: Path, text: str, *, keep_as: Path | None = None) -> None:
    """Write a text file atomically; the previous file is moved to `keep_as`, if given."""
    with replacing(path, keep_as=keep_as) as file:
        file.write(text.encode())


def remove_parts(root: Path) -> None:
    """Remove incomplete files left by a killed process."""
    for path in root.rglob(f".*{PART}"):
        path.unlink(missing_ok=True)


def storage_failure(error: BaseException | None) -> OSError | None:
    """Return the error of a full or failing disk in the chain of causes, or None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _STORAGE_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed ``.npz`` atomically; equal arrays produce equal bytes."""
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # NumPy's own writer stores the current time in the file.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
