"""Worker processes with time and memory limits, for code that may crash, hang or exit.

They are started by the `multiprocessing` forkserver, which imports torch and OpenMM once and forks
each worker in 0.1 s; a new interpreter takes 5 s.  With an accelerator it imports nothing, because
an initialised driver does not survive a fork.  pebble and loky run functions and return their
results; they neither stream events nor monitor memory.  Workers send JSON only, never a pickle.
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
