"""N independent copies of one molecule in one OpenMM Context, evaluated as a batch."""

from openmm_mlff.simulation.replica import began_alone
from openmm_mlff.simulation.replicas.batch import run_replicas_together
from openmm_mlff.simulation.replicas.module import can_be_batched
from openmm_mlff.simulation.replicas.system import make_copies
from openmm_mlff.simulation.states import CopiesReporter

__all__ = [
    "CopiesReporter",
    "began_alone",
    "can_be_batched",
    "make_copies",
    "run_replicas_together",
]
