"""A worker as its user sees it: commands in, events out, and how it ended."""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from openmm_mlff.isolation.channel import LONGEST_LINE, decode, encode
from openmm_mlff.isolation.limits import Limits
from openmm_mlff.isolation.serving import start_server
from openmm_mlff.isolation.wording import how_it_ended, over_memory, over_time, over_total_time

POLL_S = 0.1
PATIENCE_S = 3.0
"""For a worker that was asked to stop."""

STARTING_S = 300.0
"""For the libraries to load, on a slow disk."""

KEPT_OUTPUT_BYTES = 2**15
MOST_LAST_READS = 64


@dataclass(frozen=True)
class Ending:
    """How a worker ended.

    Attributes:
        reason: in words.
        output: the end of what it printed, the interpreter's own last words included.
        is_total: whether its time was up for good.
    """

    reason: str
    output: str = ""
    is_total: bool = False


class Worker:
    """One worker process.

    Args:
        entry: ``MODULE:FUNCTION`` that it runs.
        limits: what ends it.
        deadline_s: `time.monotonic()` at which its time is up for good; None for never.
        environment: variables that it has besides this process's.
        cancelled: it is ended when another thread sets this.
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
        self._server = start_server(entry)
        self._pid: int | None = None
        self._status: int | None = None
        self._lines: deque[bytes] = deque()
        self._output = b""
        self._killed_for = ""
        self._is_ready = False
        self._buffers: dict[int, bytes] = {}
        self.ending: Ending | None = None
        commands, self._commands = os.pipe()
        self._events, events = os.pipe()
        self._printed, printed = os.pipe()
        self._told, told = os.pipe()
        theirs = [commands, events, printed, told]
        self._selector = selectors.DefaultSelector()
        self._open = {self._events, self._printed, self._told}
        for descriptor in self._open:
            self._selector.register(descriptor, selectors.EVENT_READ)
        try:
            socket.send_fds(self._server.socket, [b"{}"], theirs)
        except OSError:  # The server is gone; nothing will come, and that is said below.
            self._killed_for = "could not be started"
        for descriptor in theirs:
            os.close(descriptor)
        self.send(
            {
                "path": sys.path,
                "folder": os.getcwd(),
                "environment": {**os.environ, **(environment or {})},
            }
        )

    def send(self, command: dict[str, Any]) -> None:
        """Give it something to do; one that has ended says so in its ending."""
        rest = encode(command)
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._commands, rest) :]

    def events(self) -> Iterator[dict[str, Any]]:
        """Give what it says, until it ends; then :attr:`ending` says how.

        Yields:
            One event after the other.
        """
        heard_s = time.monotonic()
        while self.ending is None:
            if self._poll():
                heard_s = time.monotonic()
            while self._lines:
                event = decode(self._lines.popleft())
                if event is not None and isinstance(event.get("event"), str):
                    yield event
                    # What the listener needed is not the worker's.
                    heard_s = time.monotonic()
            if not self._open:
                self._finish()
            elif self._cancelled.is_set():
                self.interrupt()
            elif not self._killed_for:
                self._enforce(time.monotonic() - heard_s)

    def allow_until(self, deadline_s: float) -> None:
        """Set when its time is up for good, a `time.monotonic()`."""
        self._deadline_s = deadline_s

    def interrupt(self) -> None:
        """Ask it to stop; where it does not within a few seconds, end it."""
        self._kill(signal.SIGINT)
        until_s = time.monotonic() + PATIENCE_S
        while self._open and time.monotonic() < until_s:
            self._poll()
        self.close()

    def close(self) -> None:
        """End it, whatever it does."""
        if self.ending is None and self._open:
            self._killed_for = self._killed_for or "was ended"
            self._kill(signal.SIGKILL)
            until_s = time.monotonic() + PATIENCE_S
            while self._open and time.monotonic() < until_s:
                self._poll()
        self._finish()

    def _finish(self) -> None:
        if self.ending is None:
            text = self._output.decode(errors="replace").strip()
            reason = self._killed_for or how_it_ended(self._status)
            total = self._limits.total_time_limit_s
            is_total = total is not None and self._killed_for == over_total_time(total)
            self.ending = Ending(reason, text, is_total)
            for descriptor in list(self._open):
                self._forget(descriptor)
            self._selector.close()
            os.close(self._commands)

    def _poll(self) -> bool:
        """Read what there is; tell whether an event was among it."""
        heard = False
        for key, _ in self._selector.select(POLL_S):
            data = os.read(key.fd, 65536)
            if not data:
                self._forget(key.fd)
            elif key.fd == self._printed:
                self._output = (self._output + data)[-KEPT_OUTPUT_BYTES:]
            elif key.fd == self._events:
                heard = self._is_ready = True
                self._lines.extend(self._whole_lines(key.fd, data))
            else:
                for line in self._whole_lines(key.fd, data):
                    told = decode(line) or {}
                    self._pid = told.get("pid", self._pid)
                    self._status = told.get("ended", self._status)
        # Its children may hold its pipes open; whoever told how it ended has ended them.
        if self._open and self._told not in self._open:
            self._drain()
        return heard

    def _drain(self) -> None:
        """Read what a worker that ended left in its pipes, and close them."""
        for descriptor in list(self._open):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(BlockingIOError):
                # Not for ever: what escaped from the worker's group may still write.
                for _ in range(MOST_LAST_READS):
                    data = os.read(descriptor, 65536)
                    if not data:
                        break
                    if descriptor == self._printed:
                        self._output = (self._output + data)[-KEPT_OUTPUT_BYTES:]
                    else:
                        self._lines.extend(self._whole_lines(descriptor, data))
            self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)

    def _whole_lines(self, descriptor: int, data: bytes) -> list[bytes]:
        *lines, rest = (self._buffers.get(descriptor, b"") + data).split(b"\n")
        # What never ends is no message.
        self._buffers[descriptor] = rest if len(rest) <= LONGEST_LINE else b""
        return lines

    def _enforce(self, silent_s: float) -> None:
        """End a worker that is over a limit."""
        limits = self._limits
        # Its first word is that its libraries are loaded.
        starting_s = 0.0 if self._is_ready else STARTING_S
        allowed_s = max(limits.time_limit_s, starting_s)
        if self._deadline_s is not None and time.monotonic() > self._deadline_s:
            self._end_for(over_total_time(limits.total_time_limit_s or 0.0))
        elif silent_s > allowed_s:
            self._end_for(over_time(allowed_s))
        elif self._resident_bytes() > limits.memory_limit_bytes:
            self._end_for(over_memory(limits.memory_limit_gib))

    def _resident_bytes(self) -> int:
        if self._pid is None:
            return 0
        try:
            return int(psutil.Process(self._pid).memory_info().rss)
        except psutil.Error:
            return 0

    def _end_for(self, reason: str) -> None:
        self._killed_for = reason
        self._kill(signal.SIGKILL)
        if self._pid is None:  # It was never born; where it is yet, it finds nobody and leaves.
            for descriptor in list(self._open):
                self._forget(descriptor)

    def _kill(self, number: int) -> None:
        if self._pid is None or self._status is not None:
            return
        request = json.dumps({"kill": self._pid, "signal": int(number)}).encode()
        with contextlib.suppress(OSError):
            self._server.socket.send(request)
