"""The process that starts workers: it loads the libraries once, then forks.

Whoever started it holds the other end of its socket; when that closes, the workers are killed and
the server ends.
"""

import contextlib
import ctypes
import faulthandler
import fcntl
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import warnings
from pathlib import Path

from openmm_mlff.isolation.channel import Channel, encode
from openmm_mlff.isolation.limits import has_accelerator

EXIT_INTERRUPTED = 130
LONGEST_REQUEST = 4096
N_DESCRIPTORS = 4

_PR_SET_PDEATHSIG = 1
_NEW_INTERPRETER = (
    "import json,sys;sys.path[:]=json.loads(sys.argv[2]);"
    "from openmm_mlff.isolation.server import work;"
    "work(sys.argv[1],int(sys.argv[3]),int(sys.argv[4]))"
)


class Server:
    """Starts workers on request, and tells how they ended.

    Args:
        requests: the socket; it keeps messages apart.
        entry: ``MODULE:FUNCTION`` that a worker calls with its channel.
    """

    def __init__(self, requests: socket.socket, entry: str) -> None:
        self._requests = requests
        self._entry = entry
        # By the worker's number, where to tell how it ended.
        self._workers: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def serve(self) -> None:
        """Serve until the other end closes."""
        # Ctrl-C is for whoever waits for the work.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        may_fork = _preload(self._entry)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        while True:
            ready, _, _ = select.select([self._requests.fileno(), self._wake_read], [], [])
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
                self._reap()
            if self._requests.fileno() in ready:
                data, descriptors, _, _ = socket.recv_fds(
                    self._requests, LONGEST_REQUEST, N_DESCRIPTORS
                )
                if not data:
                    break
                request = json.loads(data)
                if "kill" in request:
                    self._kill(request["kill"], request["signal"])
                else:
                    self._start(descriptors, may_fork=may_fork)
        for worker in list(self._workers):
            self._kill(worker, signal.SIGKILL)

    def _start(self, descriptors: list[int], *, may_fork: bool) -> None:
        """Fork a worker; it never comes back here."""
        commands, events, output, status = descriptors
        server = os.getpid()
        with warnings.catch_warnings():
            # The libraries' threads, if any, are idle and hold no locks: nothing has been run.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(status)
            self._become_worker(commands, events, output, server=server, may_fork=may_fork)
        for descriptor in (commands, events, output):
            os.close(descriptor)
        self._workers[pid] = status
        _tell(status, {"pid": pid})

    def _become_worker(
        self, commands: int, events: int, output: int, *, server: int, may_fork: bool
    ) -> None:
        """Be the child that was just forked; this never returns."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            nowhere = os.open(os.devnull, os.O_RDONLY)
            for given, wanted in ((nowhere, 0), (output, 1), (output, 2)):
                os.dup2(given, wanted)
            # Whoever waits for the end of a pipe must not wait for this one's copy of it.
            mine = (nowhere, output, self._wake_read, self._wake_write, self._requests.fileno())
            for descriptor in (*mine, *self._workers.values()):
                os.close(descriptor)
            os.setsid()
            _set_up_process(server)
            if may_fork:
                work(self._entry, commands, events)
            for descriptor in (commands, events):
                fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)  # It stays open in the new interpreter.
            given_on = [self._entry, json.dumps(sys.path), str(commands), str(events)]
            os.execv(sys.executable, [sys.executable, "-c", _NEW_INTERPRETER, *given_on])
        finally:
            os._exit(1)

    def _kill(self, worker: int, number: int) -> None:
        """Signal a worker and all that it started; one that was reaped is left alone."""
        if worker in self._workers:
            try:
                os.killpg(worker, number)
            except ProcessLookupError:  # Between fork and setsid it leads no group yet.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, number)

    def _reap(self) -> None:
        """Tell of the workers that ended, and end what they left behind."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._workers:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                told = self._workers.pop(pid)
                _tell(told, {"ended": status})
                os.close(told)


def _tell(descriptor: int, message: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, encode(message))


def _preload(entry: str) -> bool:
    """Load what workers need; say whether they can be forked.

    A driver that has been initialised does not survive a fork, and OpenMM's plugins initialise
    theirs when they are loaded.

    Returns:
        Whether they are loaded here, and workers forked.
    """
    if has_accelerator():
        return False
    importlib.import_module(entry.partition(":")[0])
    return True


def _set_up_process(server: int) -> None:
    """See that nothing outlives the server, fills the disk with cores, or starves the machine."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Where the machine runs out of memory, this one goes first.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def work(entry: str, commands: int, events: int) -> None:
    """Be a worker: call the entry with the channel, then leave the process.

    Args:
        entry: ``MODULE:FUNCTION``.
        commands: descriptor that commands are read from.
        events: descriptor that events are written to.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        faulthandler.enable(file=2)
        # What it prints before it crashes is to be seen.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        module, _, function = entry.partition(":")
        getattr(importlib.import_module(module), function)(Channel(commands, events))
        code = 0
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def main() -> None:
    """Be the server: the socket's descriptor and the entry are the arguments."""
    Server(socket.socket(fileno=int(sys.argv[1])), sys.argv[2]).serve()
