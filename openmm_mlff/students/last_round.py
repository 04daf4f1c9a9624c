"""What the last round of training sees: turned bonds, and enough of the rest."""

import math
from collections.abc import Sequence

from openmm_mlff.students.dataset import REFINEMENT, TORSION
from openmm_mlff.students.frames import WHOLE_ORIGINS, LabelledFrame

LATER_KINDS = (REFINEMENT, TORSION)
"""Kinds of frames that the first round does not see."""

REPLAYED_TRAJECTORY, REPLAYED = 1 / 6, 1 / 3
"""How much of each trajectory, whose frames are alike, and of each other origin the last round sees
again, so that nothing is forgotten."""


def frames_of_last_round(training: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Give the frames of turned bonds and, with them, the first part of those of every origin.

    Args:
        training: all training frames, in the order in which they were made.

    Returns:
        Frames of the last round; none where no bond turns.
    """
    turned = [frame for frame in training if frame.kind == TORSION]
    by_origin: dict[str, list[LabelledFrame]] = {}
    for frame in training:
        if frame.kind != TORSION:
            by_origin.setdefault(frame.origin, []).append(frame)
    replayed = [
        frame
        for origin, group in by_origin.items()
        for frame in group[: math.ceil(len(group) * _replayed_part(origin))]
    ]
    return [*turned, *replayed] if turned else []


def _replayed_part(origin: str) -> float:
    if origin.endswith(WHOLE_ORIGINS):
        return 1.0
    return REPLAYED_TRAJECTORY if origin.endswith("K") else REPLAYED
