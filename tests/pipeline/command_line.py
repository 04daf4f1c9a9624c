"""The command line in a process of its own, to be interrupted."""

import os
import signal
import subprocess
import sys
import time

import psutil

PATIENCE_S = 240.0


def start_command_line(arguments):
    """Start it with the default reaction to Ctrl-C, which a job in the background does not have."""
    return subprocess.Popen(
        [sys.executable, "-c", "from openmm_mlff.cli import main; main()", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENMM_MLFF_SANDBOX": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_files(process, paths):
    """Wait until a process has written files; return its children."""
    until_s = time.monotonic() + PATIENCE_S
    while not all(path.exists() for path in paths):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until_s
        time.sleep(0.05)
    return psutil.Process(process.pid).children(recursive=True)
