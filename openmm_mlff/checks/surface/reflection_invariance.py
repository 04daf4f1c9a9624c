"""Do mirror images have the same energy?"""

import numpy as np

from openmm_mlff.checks.base import Subject
from openmm_mlff.checks.surface import moves
from openmm_mlff.storage.measurements import NotApplicable

SIGNS = ((-1.0, -1.0, -1.0), (-1.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0))
"""Of x, y and z: the inversion, then a mirror in each plane."""


def measure(subject: Subject) -> moves.Changes | NotApplicable:
    """Invert every geometry through its centroid, and mirror it in three planes."""
    mirrors = np.stack([np.diag(signs) for signs in SIGNS])
    return moves.without_orientation(subject) or moves.measure_operations(subject, matrices=mirrors)


judge = moves.judge_changes(move="mirroring the system")


CHECK = moves.invariance_check(
    __name__,
    formula="max |E(Px) − E(x)| / N, max |Pᵀ F(Px) − F(x)|; inversion, mirrors in x, y, z",
    source="a scalar energy has no handedness",
    consequence="Racemic mixtures, chiral barriers and vibrational averages are wrong.",
    remedy="Look for a triple product or cross product that enters the energy to an odd power; "
    "invariants made of distances and dot products contain none.",
)
