"""One process at a time in an output folder."""

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from openmm_mlff.errors import RunDirectoryError

LOCK_FILE = ".lock"
_POLL_S = 0.2

_NOT_OFFERED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""What file systems that know no locks say; there the folder is used unlocked."""


class FolderLock:
    """Holds a folder; the system lets go of it when the process ends, however it ends.

    Args:
        folder: exists and can be written.
        wait_s: so long it may be held by another process.
        shared: hold it together with others that hold it so, and against everyone else.

    Raises:
        RunDirectoryError: another process holds it.
    """

    def __init__(self, folder: Path, *, wait_s: float = 0.0, shared: bool = False) -> None:
        self._folder = folder
        self._file = (folder / LOCK_FILE).open("a+", encoding="utf-8")
        try:
            self._take(fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait_s=wait_s)
        except OSError as error:
            self._give_up(error)
            return
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {os.uname().nodename}")
        self._file.flush()

    def share(self) -> None:
        """Let others hold it too who take it as shared.

        Raises:
            RunDirectoryError: another process took it meanwhile.
        """
        if self._file.closed:  # Unlocked, or released.
            return
        try:
            self._take(fcntl.LOCK_SH)
        except OSError as error:
            self._give_up(error)

    def _take(self, kind: int, *, wait_s: float = 0.0) -> None:
        """Take the folder as soon as it is free."""
        until_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self._file, kind | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until_s:
                    raise
            time.sleep(_POLL_S)

    def _give_up(self, error: OSError) -> None:
        """Say who holds it; where there are no locks, leave it at that."""
        holder = self._holder()
        self._file.close()
        if error.errno not in _NOT_OFFERED:
            raise RunDirectoryError(
                f"{self._folder} is in use by another run ({holder}); wait for it, end it, or "
                "choose another --output"
            ) from error

    def _holder(self) -> str:
        self._file.seek(0)
        return self._file.read().strip() or "which has only begun"

    def release(self) -> None:
        """Let go of the folder; twice does no harm."""
        self._file.close()

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __del__(self) -> None:
        # A plan that is never run lets go when it is forgotten.
        if hasattr(self, "_file"):
            self._file.close()
