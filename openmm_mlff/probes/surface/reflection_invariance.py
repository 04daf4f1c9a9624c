"""Does the energy know left from right?"""

import numpy as np

from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.invariance import cannot_be_turned, probe_operations

OPERATIONS = {
    "inversion": (-1.0, -1.0, -1.0),
    "x": (-1.0, 1.0, 1.0),
    "y": (1.0, -1.0, 1.0),
    "z": (1.0, 1.0, -1.0),
}


def probe_reflection_invariance(subject: ProbeSubject) -> ProbeOutcome:
    """Invert every geometry through its centroid, and mirror it in three planes.

    Args:
        subject: what to probe.

    Returns:
        What :func:`probe_operations` gives; the operations are named in the data.
    """
    refused = cannot_be_turned(subject)
    if refused is not None:
        return refused
    operations = [(np.diag(signs), np.zeros(3)) for signs in OPERATIONS.values()]
    return probe_operations(subject, operations, data={"operations": list(OPERATIONS)})
