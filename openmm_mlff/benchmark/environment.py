"""The machine a benchmark is run on, with what bears on its times."""

import os
from datetime import datetime, timezone
from typing import Any

import psutil
import torch

from openmm_mlff.simulation.environment import describe_environment, usable_cores
from openmm_mlff.units import MEBIBYTE

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENMM_CPU_THREADS")


def describe_machine(*, platform: str, precision: str) -> dict[str, Any]:
    """Describe the machine; called before a benchmark starts, so that the load is not its own.

    Args:
        platform: OpenMM platform as it was asked for.
        precision: as it was asked for.

    Returns:
        Plain JSON values: versions and hardware, and the threads of torch as they are set now.
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
