"""Does it matter where the molecule is?"""

import numpy as np

from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.invariance import probe_operations

DISTANCES_ANGSTROM = (10.0, 100.0, 1000.0)


def probe_translation_invariance(subject: ProbeSubject) -> ProbeOutcome:
    """Shift every geometry by 10, 100 and 1000 Å in random directions.

    Args:
        subject: what to probe.

    Returns:
        What :func:`probe_operations` gives, one operation a distance, and `distances_angstrom`.
    """
    rng = np.random.default_rng(subject.seed)
    directions = rng.normal(size=(len(DISTANCES_ANGSTROM), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    operations = [
        (np.eye(3), distance * direction)
        for distance, direction in zip(DISTANCES_ANGSTROM, directions, strict=True)
    ]
    outcome = probe_operations(subject, operations)
    distances = np.array(DISTANCES_ANGSTROM)
    return ProbeOutcome(outcome.data, {**outcome.arrays, "distances_angstrom": distances})
