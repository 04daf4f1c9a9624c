"""The parent's handle on a worker process: send commands, receive events, enforce limits."""

import atexit
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from openmm_mlff.isolation import forkserver
from openmm_mlff.isolation.limits import Limits
from openmm_mlff.isolation.process import Place, run_entry

POLL_S = 0.1
STOPPING_S = 3.0  # for a worker to stop after SIGINT

STARTING_S = 300.0  # for the libraries to load from a slow disk

KEPT_OUTPUT_BYTES = 2**15
LONGEST_MESSAGE_BYTES = 2**22
MOST_LAST_READS = 1000
"""After a worker ended: a process that left its group may still write to its output."""

_NAMES: dict[int, str] = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "abort",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating-point exception",
    signal.SIGILL: "illegal instruction",
    signal.SIGKILL: "killed, possibly by the system because memory ran out",
}


@dataclass(frozen=True)
class Ending:
    """How a worker ended.

    Attributes:
        reason: words that follow "the process".
        output: last part of its output, including the traceback of a crash.
        is_crash: whether it exited or was killed by a signal from elsewhere, not by a limit.
        is_total: whether the total time limit ended it.
    """

    reason: str
    output: str = ""
    is_crash: bool = False
    is_total: bool = False


def describe_exit(code: int) -> str:
    """Return words that follow "the process" for an exit code, negative for a signal."""
    if code >= 0:
        return f"exited with code {code}"
    words = _NAMES.get(-code) or (signal.strsignal(-code) or "unknown").lower()
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-code).name} ({words})"
    return f"ended by signal {-code} ({words})"


class Worker:
    """A worker process.

    Args:
        entry: ``MODULE:FUNCTION`` that it runs.
        limits: of time and memory.
        deadline_s: `time.monotonic()` at which the total time limit is reached; None for none.
        environment: variables in addition to those of this process.
        cancelled: when another thread sets it, the worker is stopped.
    """

    def __init__(
        self,
        entry: str,
        *,
        limits: Limits,
        deadline_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        cancelled: threading.Event | None = None,
    ) -> None:
        self._limits = limits
        self._deadline_s = deadline_s
        self._cancelled = cancelled or threading.Event()
        self._killed_for = ""
        self._output = b""
        self._is_ready = self._is_total = False
        self.ending: Ending | None = None
        self._folder = tempfile.TemporaryDirectory(
            prefix="openmm-mlff-", ignore_cleanup_errors=True
        )
        self.folder = self._folder.name
        self._connection, theirs = forkserver.CONTEXT.Pipe()
        self._printed, printed = forkserver.CONTEXT.Pipe(duplex=False)
        self._open: list[Connection[Any, Any]] = [self._connection, self._printed]
        with theirs, printed:
            self._process = forkserver.start_process(
                run_entry,
                (entry, theirs, printed, _this_place(environment or {})),
                preload=entry.partition(":")[0],
            )
        self.pid = self._process.pid or 0
        _workers.add(self)

    def send(self, command: dict[str, Any]) -> None:
        """Send a command; if the worker has ended, it is dropped."""
        with contextlib.suppress(OSError):
            self._connection.send_bytes(json.dumps(command).encode())

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield events until the worker ends and :attr:`ending` is set."""
        heard_s = time.monotonic()
        while self.ending is None:
            for event in self._read():
                yield event
                # The caller's own time does not count against the worker.
                heard_s = time.monotonic()
            if self.ending is None:
                self._enforce(time.monotonic() - heard_s)

    def allow_until(self, deadline_s: float) -> None:
        """Set the `time.monotonic()` at which the total time limit is reached."""
        self._deadline_s = deadline_s

    def interrupt(self) -> None:
        """Send SIGINT; kill the worker if it has not ended after `STOPPING_S`."""
        self._signal(signal.SIGINT)
        until_s = time.monotonic() + STOPPING_S
        while self.ending is None and time.monotonic() < until_s:
            for _ in self._read():
                pass
        self.close()

    def close(self) -> None:
        """Kill the worker if it is running and release its resources (idempotent)."""
        if self.ending is None:
            self._end_for("was ended")
            wait([self._process.sentinel], STOPPING_S)
            self._finish()

    def _read(self) -> Iterator[dict[str, Any]]:
        """Yield the events that have arrived; read everything once the process has ended."""
        sentinel = self._process.sentinel
        is_over = sentinel in wait([sentinel, *self._open], POLL_S)
        if is_over:
            # The children of the worker are still in its group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        for _ in range(MOST_LAST_READS if is_over else 1):
            arrived = wait(self._open, 0.0)
            for source in [each for each in self._open if each in arrived]:
                try:
                    if source is self._connection:
                        yield from self._decode(source.recv_bytes(LONGEST_MESSAGE_BYTES))
                    else:
                        self._keep_output(os.read(self._printed.fileno(), 65536))
                except (EOFError, OSError):
                    self._open.remove(source)
            if not arrived:
                break
        if is_over:
            self._finish()

    def _decode(self, message: bytes) -> Iterator[dict[str, Any]]:
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            self._is_ready = True
            yield event

    def _keep_output(self, data: bytes) -> None:
        if not data:
            raise EOFError
        self._output = (self._output + data)[-KEPT_OUTPUT_BYTES:]

    def _enforce(self, silent_s: float) -> None:
        """Kill a worker that exceeds a limit; interrupt a cancelled one."""
        limits = self._limits
        # The first event means that the libraries are loaded.
        allowed_s = max(limits.time_limit_s, 0.0 if self._is_ready else STARTING_S)
        if self._cancelled.is_set():
            self.interrupt()
        elif self._killed_for:
            return
        elif self._deadline_s is not None and time.monotonic() > self._deadline_s:
            self._is_total = True
            total_s = limits.total_time_limit_s or 0.0
            self._end_for(
                f"was stopped because the validation took longer than {total_s:g} s "
                "(--total-time-limit)"
            )
        elif silent_s > allowed_s:
            self._end_for(f"made no progress for {allowed_s:g} s (--time-limit)")
        elif self._resident_bytes() > limits.memory_limit_bytes:
            self._end_for(
                f"needed more than {limits.memory_limit_gib:.3g} GiB of memory (--memory-limit)"
            )

    def _resident_bytes(self) -> int:
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def _end_for(self, reason: str) -> None:
        self._killed_for = reason
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """Send a signal to the worker and its children."""
        if self.ending is not None:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # Just forked, it does not lead a group yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _finish(self) -> None:
        with forkserver.LOCK:
            self._process.join(0)
            code = self._process.exitcode
            if code is not None:
                self._process.close()
        for connection in (self._connection, self._printed):
            connection.close()
        self._folder.cleanup()
        self.ending = Ending(
            self._killed_for or describe_exit(code or 0),
            self._output.decode(errors="replace").strip(),
            is_crash=not self._killed_for,
            is_total=self._is_total,
        )


def _this_place(environment: Mapping[str, str]) -> Place:
    """Return this process's place with absolute paths, since the worker may change its folder."""
    variables = {**os.environ, **environment}
    if variables.get("PYTHONPATH"):
        entries = variables["PYTHONPATH"].split(os.pathsep)
        variables["PYTHONPATH"] = os.pathsep.join(os.path.abspath(entry) for entry in entries)
    return {
        "folder": os.getcwd(),
        "path": [os.path.abspath(entry) for entry in sys.path],
        "environment": variables,
    }


_workers: "weakref.WeakSet[Worker]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Kill workers that were not closed; `multiprocessing` would wait for them."""
    for worker in list(_workers):
        worker.close()
