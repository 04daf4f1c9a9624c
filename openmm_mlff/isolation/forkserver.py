"""Start processes with the `multiprocessing` forkserver."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from types import ModuleType
from typing import Any

from openmm_mlff.isolation.limits import has_accelerator

CONTEXT = multiprocessing.get_context("forkserver")

LOCK = threading.Lock()
"""Held while a process is started or its exit code is read; `multiprocessing` locks neither."""


def start_process(
    target: Callable[..., None], arguments: tuple[Any, ...], *, preload: str
) -> ForkServerProcess:
    """Start a process that imports nothing from the user's script or folder.

    The forkserver imports the module `preload` before it forks the first process.
    """
    process = CONTEXT.Process(target=target, args=arguments)
    with LOCK, _clean_start():
        CONTEXT.set_forkserver_preload([] if has_accelerator() else [preload])
        process.start()
    return process


@contextmanager
def _clean_start() -> Iterator[None]:
    """Hide this process's script, folder and daemon flag from its children."""
    script = sys.modules["__main__"]
    safe_path = os.environ.get("PYTHONSAFEPATH")
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    is_daemon = config.pop("daemon", None)
    # A script without `if __name__ == "__main__"` would run again in each process.
    sys.modules["__main__"] = ModuleType("__main__")
    # A file in the user's folder must not shadow a library in the forkserver.
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        if safe_path is None:
            del os.environ["PYTHONSAFEPATH"]
        if is_daemon is not None:
            config["daemon"] = is_daemon


def _forget_forkserver() -> None:
    """Reset the forkserver in a forked copy of this process."""
    global LOCK
    LOCK = threading.Lock()
    forkserver._forkserver.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_forget_forkserver)
