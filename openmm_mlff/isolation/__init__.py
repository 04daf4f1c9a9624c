"""Worker processes with limits on time and memory, for code that may crash, hang or leave.

The standard library's `multiprocessing` forkserver starts them: it imports torch and OpenMM once
and forks each worker in 0.1 s, where a new interpreter takes 5 s; with an accelerator it imports
nothing, because a driver that has been initialised does not survive a fork.  pebble and loky run
functions and return their results; they neither stream events nor watch memory, and loky starts
every worker as a new interpreter.  psutil measures the memory.  Only JSON is read from a worker,
never a pickle.  May import `errors` only.
"""

from openmm_mlff.isolation.limits import Limits, has_accelerator, is_available, isolation_limits
from openmm_mlff.isolation.process import Channel
from openmm_mlff.isolation.worker import Ending, Worker

__all__ = [
    "Channel",
    "Ending",
    "Limits",
    "Worker",
    "has_accelerator",
    "is_available",
    "isolation_limits",
]
