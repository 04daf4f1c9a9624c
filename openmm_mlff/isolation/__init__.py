"""Child processes with limits, for code that nobody vouches for.

A small server process loads the libraries once and forks a worker for each piece of work; where an
accelerator rules out forking, each worker is a new interpreter.  Nothing that passes between the
processes is pickled: lines of JSON go in and come out.
"""

from openmm_mlff.isolation.limits import Limits, default_limits, is_available
from openmm_mlff.isolation.serving import start_server
from openmm_mlff.isolation.worker import Ending, Worker

__all__ = ["Ending", "Limits", "Worker", "default_limits", "is_available", "start_server"]
