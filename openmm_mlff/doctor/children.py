"""Run trials in separate processes and collect their results."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_S = 180.0
MARKER = "openmm-mlff-trial:"
"""Prefix of the line that holds the result; libraries may print other lines to stdout."""

_ERROR = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")


@dataclass(frozen=True)
class TrialOutcome:
    """Result of a trial.

    Attributes:
        data: the result; empty if the trial failed.
        problem: reason for the failure, in one line; empty on success.
    """

    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def run_trial(
    name: str,
    *arguments: str,
    timeout_s: float = TIMEOUT_S,
    module: str = "openmm_mlff.doctor.trial",
) -> TrialOutcome:
    """Run a trial in a new process, terminated after ``timeout_s``."""
    environment = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONFAULTHANDLER": "0"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, name, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TrialOutcome(problem=f"did not end within {timeout_s:g} s")
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(MARKER):
            return TrialOutcome(json.loads(line.removeprefix(MARKER)))
    return TrialOutcome(problem=_how_it_ended(done.returncode, done.stderr))


def _how_it_ended(code: int, stderr: str) -> str:
    """Return a description of how a process without a result ended."""
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    lines = [line for line in stderr.splitlines() if line.strip()]
    # A traceback ends with the error, possibly on several lines; earlier lines are indented.
    starts = [k for k, line in enumerate(lines) if _ERROR.match(line)]
    said = " ".join(" ".join(lines[starts[-1] if starts else -1 :]).split())
    return said or f"ended with code {code} and no message"
