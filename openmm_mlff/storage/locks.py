"""Exclusive lock of an output folder."""

import errno
import os
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from openmm_mlff.errors import RunDirectoryError

LOCK_FILE = ".lock"

_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""Errors of file systems without locks, on which the folder is used unlocked."""


class FolderLock(AbstractContextManager["FolderLock"]):
    """A lock on an existing, writable folder, held until released or the process ends.

    Args:
        folder: to lock.
        wait_s: longest time to wait for another process.

    Raises:
        RunDirectoryError: another process holds the lock.
    """

    def __init__(self, folder: Path, *, wait_s: float = 0.0) -> None:
        path = folder / LOCK_FILE
        self._lock = FileLock(path, thread_local=False)
        try:
            self._lock.acquire(timeout=wait_s)
        except Timeout as error:
            raise RunDirectoryError(
                f"{folder} is in use by another run ({_holder(path)}); wait for it, end it, or "
                "choose another --output"
            ) from error
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return
            raise RunDirectoryError(
                f"cannot lock {path} ({error.strerror}); choose another --output"
            ) from error
        path.write_text(f"process {os.getpid()} on {os.uname().nodename}", encoding="utf-8")

    def release(self) -> None:
        """Release the lock (idempotent)."""
        self._lock.release()

    def __exit__(self, *_: object) -> None:
        self.release()


def _holder(path: Path) -> str:
    """Return which process holds a lock."""
    try:
        return path.read_text(encoding="utf-8").strip() or "a process that has just started"
    except OSError:
        return "an unknown process"
