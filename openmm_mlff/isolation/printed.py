"""Keep what third-party code prints, from Python, C or Fortran, apart from the program's output."""

import atexit
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

_STDOUT, _STDERR = 1, 2


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send everything that this process prints within a block to stderr.

    Yields:
        None; print inside the block.
    """
    printed = sys.stdout
    printed.flush()
    try:
        saved = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # One of the two is closed, so nothing can mix.
        with redirect_stdout(sys.stderr):
            yield
        return
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        # A handler may hold the stream itself, and C has a buffer of its own.
        printed.flush()
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).fflush(None)
        os.dup2(saved, _STDOUT)
        os.close(saved)


def nothing_after() -> None:
    """Send to stderr what the buffers of libraries still hold when the process ends."""
    atexit.unregister(_end_stdout)
    atexit.register(_end_stdout)


def _end_stdout() -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(_STDERR, _STDOUT)
