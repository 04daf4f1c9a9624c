"""The cores that a process may use."""

import os

import psutil

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""Environment variable that sets the number of threads of torch and of the reference."""


def usable_cores() -> int | None:
    """Return the number of cores that this process may use, which a container may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count()
