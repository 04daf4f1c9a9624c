"""Run Python code in forked copies of one process that has imported everything.

Each copy is a process of its own, which can be interrupted and killed, and starts in milliseconds.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SERVER = """
import json, os, signal, sys, warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import matplotlib

    matplotlib.use("Agg")
    import ase.optimize, mdtraj, openmmtorch, tblite.ase
    import openmm_mlff.cli.app, openmm_mlff.pipeline.local, openmm_mlff.report.writer
    from openmm_mlff.potentials import load_potential

    # The list of installed packages is read once.
    load_potential("student:tiny").fingerprint

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        break
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
else:
    sys.exit()

asked = json.loads(line)
os.chdir(asked["folder"])
for descriptor, path in enumerate((os.devnull, *asked["printed"])):
    os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), descriptor)
os.environ.clear()
os.environ.update(asked["environment"])
sys.path[:0] = ["", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
sys.argv[1:] = asked["arguments"]
# Where this process runs in the background, Ctrl-C was ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
exec(asked["code"], {"__name__": "__main__"})
"""
COMMAND_LINE = "from openmm_mlff.cli import main; main()"
PATIENCE_S = 240.0


class Program:
    """A forked copy that runs code; `code` is its exit code once it has ended."""

    def __init__(self, answers, pid, printed):
        self._answers, self._printed = answers, printed
        self.pid = pid
        self.code = None

    def poll(self, timeout_s=0.0):
        """Return the exit code, negative for a signal; None while it runs."""
        if self.code is None and select.select([self._answers], [], [], timeout_s)[0]:
            self.code = int(self._answers.readline())
        return self.code

    def wait(self, timeout_s=PATIENCE_S):
        """Wait for its end; return exit code, stdout and stderr."""
        if self.poll(timeout_s) is None:
            self.send_signal(signal.SIGKILL)
            self.poll(PATIENCE_S)
            raise TimeoutError(self.printed)
        return subprocess.CompletedProcess(self.pid, self.code, *self.printed)

    def wait_for(self, is_there, *, every_s=0.01):
        """Wait until a condition holds, which it must before the program ends."""
        until_s = time.monotonic() + PATIENCE_S
        while not is_there():
            assert self.poll(every_s) is None, self.printed
            assert time.monotonic() < until_s

    def send_signal(self, number):
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    @property
    def printed(self):
        """What it has written to stdout and stderr."""
        return [path.read_text(errors="replace") for path in self._printed]


class Programs:
    """Starts programs, one at a time; `run` may be called by several threads."""

    def __init__(self, folder):
        self._folder, self._count = folder, 0
        self._alone = threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def close(self):
        """End the process that is copied."""
        self._server.stdin.close()
        self._server.wait(timeout=PATIENCE_S)
        self._server.stdout.close()

    def start(self, code, *arguments, folder=None, environment=None):
        """Start code in a folder; arguments and environment are as those of a Python program."""
        self._count += 1
        printed = [self._folder / f"{self._count}.{name}" for name in ("out", "err")]
        asked = {
            "code": code,
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder or Path.cwd()),
            "environment": dict(environment or os.environ),
            "printed": [str(path) for path in printed],
        }
        self._server.stdin.write(json.dumps(asked).encode() + b"\n")
        return Program(self._server.stdout, int(self._server.stdout.readline()), printed)

    def run(self, code, *arguments, **options):
        """Start code and wait for its end; return exit code, stdout and stderr."""
        with self._alone:
            return self.start(code, *arguments, **options).wait()
