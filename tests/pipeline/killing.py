"""Validations in processes of their own, which are killed at a message or a written file."""

import json
import signal
import time

CODE = """
import json, os, resource, signal, sys, warnings

warnings.filterwarnings("ignore")
from openmm_mlff import pipeline
from openmm_mlff.errors import UserError
from openmm_mlff.simulation import checkpoint

# Save far more often than is cheap, so that there is something to break.
checkpoint._LARGEST_SHARE = 0.5
asked = json.loads(sys.argv[1])
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
    code = pipeline.validate(on_progress=note, **asked).exit_code
except UserError as error:
    note("", str(error), -1, -1)
    code = 2
os._exit(code)
"""
TIME_LIMIT_S = 60.0


class Driver:
    """Starts validations in processes of their own."""

    def __init__(self, programs):
        self._programs = programs

    def run(self, log, *, kill_when=None, **asked):
        """Run a validation; kill it once `kill_when(messages)` gives a delay in seconds.

        Gives its exit code, negative where a signal ended it.
        """
        log.unlink(missing_ok=True)
        program = self._programs.start(CODE, json.dumps(asked | {"log": str(log)}))
        if kill_when is not None:
            end = time.monotonic() + TIME_LIMIT_S
            while time.monotonic() < end and program.poll(0.001) is None:
                delay_s = kill_when(messages(log))
                if delay_s is not None:
                    time.sleep(delay_s)
                    program.send_signal(signal.SIGKILL)
                    break
        return program.wait(TIME_LIMIT_S).returncode


def messages(log):
    """What a validation said so far: (system, stage, done, total)."""
    if not log.exists():
        return []
    text = log.read_text()
    return [tuple(json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]
