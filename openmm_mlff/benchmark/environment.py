"""The machine on which a benchmark runs, as far as it affects times."""

import os
from datetime import datetime, timezone
from typing import Any

import psutil
import torch

from openmm_mlff.simulation.environment import describe_environment, usable_cores
from openmm_mlff.units import MEBIBYTE

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENMM_CPU_THREADS")


def describe_machine(*, platform: str, precision: str) -> dict[str, Any]:
    """Return JSON-compatible versions, hardware and torch threads.

    Call it before a benchmark starts, so that the load is not its own.
    """
    return {
        **describe_environment(precision=precision),
        "platform": platform,
        "started_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "load_average_at_start": [round(load, 2) for load in psutil.getloadavg()],
        "usable_cores": usable_cores(),
        "memory_mebibytes": round(psutil.virtual_memory().total / MEBIBYTE),
        "cuda": torch.version.cuda if torch.cuda.is_available() else None,
        "thread_variables": {
            name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ
        },
    }
