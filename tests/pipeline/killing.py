"""A process that has everything imported and forks a validation whenever it is told to.

A real process is killed each time, and its start costs milliseconds instead of seconds.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

DRIVER = """
    import json, os, resource, signal, sys, warnings

    warnings.filterwarnings("ignore")
    import matplotlib

    matplotlib.use("Agg")
    import ase.optimize, mdtraj, openmmtorch, tblite.ase
    from openmm_mlff import pipeline
    from openmm_mlff.errors import UserError
    from openmm_mlff.simulation import checkpoint

    # Save far more often than is cheap, so that there is something to break.
    checkpoint._LARGEST_SHARE = 0.5


    def validate(asked):
        log = os.open(asked.pop("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        left = [asked.pop("kill_at_replacement", None)]
        replace = os.replace

        def replacing(source, target):
            if left[0] is not None:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            replace(source, target)

        os.replace = replacing
        largest = asked.pop("largest_file_bytes", None)
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

        def note(*what):
            os.write(log, (json.dumps(what) + chr(10)).encode())

        note("", "start", 0, 0)
        try:
            report = pipeline.validate(on_progress=note, **asked)
        except UserError as error:
            note("", str(error), -1, -1)
            return 2
        return report.exit_code


    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                code = validate(json.loads(line))
            except BaseException:
                import traceback
                traceback.print_exc()
                code = 99
            os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

TIME_LIMIT_S = 60.0


class Driver:
    """Starts validations in processes of their own."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=TIME_LIMIT_S)
        self._process.stdout.close()

    def run(self, log, *, kill_when=None, **asked):
        """Run a validation; kill it once `kill_when(messages)` gives a delay in seconds.

        Gives its exit code, negative where a signal ended it.
        """
        log.unlink(missing_ok=True)
        print(json.dumps(asked | {"log": str(log)}), file=self._process.stdin, flush=True)
        pid = int(self._process.stdout.readline())
        if kill_when is not None:
            self._kill(pid, log, kill_when)
        return int(self._process.stdout.readline())

    def _kill(self, pid, log, kill_when):
        end = time.monotonic() + TIME_LIMIT_S
        while time.monotonic() < end and _is_running(pid):
            delay_s = kill_when(messages(log))
            if delay_s is not None:
                time.sleep(delay_s)
                if _is_running(pid):
                    os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.001)


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def messages(log):
    """What a validation said so far: (system, stage, done, total)."""
    if not log.exists():
        return []
    text = log.read_text()
    return [tuple(json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]
