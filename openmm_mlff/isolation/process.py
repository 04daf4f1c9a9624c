"""The worker process: setup and connection to its parent."""

import contextlib
import ctypes
import faulthandler
import importlib
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypedDict

_PR_SET_PDEATHSIG = 1


class Place(TypedDict):
    """Folder, import path and environment of the parent process."""

    folder: str
    path: list[str]
    environment: dict[str, str]


class Channel:
    """The worker's end of the connection to its parent."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection

    def commands(self) -> Iterator[dict[str, Any]]:
        """Yield commands until the parent closes the connection."""
        while True:
            try:
                yield json.loads(self._connection.recv_bytes())
            except (EOFError, OSError):
                return

    def send(self, event: str, **values: Any) -> None:
        """Send one event with JSON-compatible values."""
        message = json.dumps({"event": event, **values}, separators=(",", ":"))
        self._connection.send_bytes(message.encode())


def run_entry(
    entry: str,
    connection: "Connection[Any, Any]",
    printed: "Connection[Any, Any]",
    place: Place,
) -> None:
    """Set up the worker process in the place of its parent, and call its entry function.

    The entry, ``MODULE:FUNCTION``, is called with a :class:`Channel` to the parent; `printed`
    replaces stdout and stderr.
    """
    os.setsid()
    _end_with_parent()
    for descriptor in (1, 2):
        os.dup2(printed.fileno(), descriptor)
    printed.close()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # If the machine runs out of memory, the kernel kills this process first.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.chdir(place["folder"])
    sys.path[:] = place["path"]
    os.environ.clear()
    os.environ.update(place["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.enable(file=2)
    # Output printed before a crash must not remain in a buffer.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    module, _, function = entry.partition(":")
    getattr(importlib.import_module(module), function)(Channel(connection))


def _end_with_parent() -> None:
    """Kill this process and its children when the parent ends, even by SIGKILL."""
    # The forkserver ends with the parent, and this process with the forkserver; the thread alone
    # does not suffice if a potential never releases the GIL.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
