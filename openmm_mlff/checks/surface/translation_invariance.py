"""Does the energy depend on where the system is?"""

import numpy as np

from openmm_mlff.checks.base import Subject
from openmm_mlff.checks.surface import moves

DISTANCES_ANGSTROM = (10.0, 100.0, 1000.0)
JUDGED_DISTANCES = 2  # 1000 Å, farther than molecules diffuse in most boxes, is reported only


def measure(subject: Subject) -> moves.Changes:
    """Shift every geometry by 10, 100 and 1000 Å in random directions."""
    directions = np.random.default_rng(subject.seed).normal(size=(len(DISTANCES_ANGSTROM), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shifts = np.array(DISTANCES_ANGSTROM)[:, None] * directions
    return moves.measure_operations(subject, shifts=shifts)


judge = moves.judge_changes(move="translating the system", keep=JUDGED_DISTANCES)


CHECK = moves.invariance_check(
    __name__,
    formula="max |E(x+t) − E(x)| / N, max |F(x+t) − F(x)|; |t| = 10, 100 Å (1000 Å reported)",
    source="ml-peg calls 1 meV/atom and 1 meV/Å bad; rounding of float32 coordinates at 100 Å is "
    "0.2 meV/Å",
    consequence="A molecule gains or loses energy as it diffuses.",
    remedy="Take differences of positions in double precision first, and do not give the model "
    "absolute coordinates. Look for an external field in the model.",
)
