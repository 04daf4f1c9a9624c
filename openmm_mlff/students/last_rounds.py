"""The last rounds of training: turned bonds, and enough of the rest.

The thermal frames never leave the conformer they start in.  The first of the last rounds teaches
the way round each bond; the second weighs energies, where a conformer that lies too high shows in
one number and hardly in the forces; the third smooths what the second has roughened.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch

from openmm_mlff.students.dataset import CONFORMER, REFINEMENT, TORSION
from openmm_mlff.students.frames import WHOLE_ORIGINS, LabelledFrame
from openmm_mlff.students.painn import PaiNN
from openmm_mlff.students.training import TrainingPlan, train_student

TURNED = (TORSION, CONFORMER)
"""Kinds of frames with turned bonds."""

LATER_KINDS = (REFINEMENT, *TURNED)
"""Kinds of frames that the first round does not see."""

REPLAYED_TRAJECTORY, REPLAYED = 1 / 6, 1 / 3
"""How much of each trajectory, whose frames are alike, and of each other origin the last rounds see
again, so that nothing is forgotten."""

OWN_PLANS: dict[str, dict[str, dict[str, Any]]] = {
    "original": {
        "torsion": {"epochs": 1, "learning_rate": 4e-4},
        # A wide scale, so that the few large errors, half way round an amide's bond, count.
        "levelling": {
            "epochs": 8,
            "learning_rate": 8e-4,
            "energy_scale_ev_per_atom": 0.02,
            "energy_weight": 30.0,
        },
        "polishing": {
            "epochs": 4,
            "learning_rate": 3e-4,
            "energy_scale_ev_per_atom": 0.02,
            "energy_weight": 15.0,
        },
    },
    "ultra-tiny": {
        "levelling": {"epochs": 4, "learning_rate": 1.5e-3},
        "polishing": {"epochs": 6, "learning_rate": 1e-3},
    },
}
"""Where a student departs from the plans below."""


@dataclass(frozen=True)
class LastRounds:
    """How the last rounds are trained.

    Attributes:
        torsion: with turned bonds.
        levelling: the same with most of the weight on energies, and less of the rest.
        polishing: as the first of them, slowly.
    """

    torsion: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=4, learning_rate=1e-3, average_decay=0.995)
    )
    levelling: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=3, learning_rate=1e-3, average_decay=0.99, energy_weight=10.0
        )
    )
    polishing: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=2, learning_rate=5e-4, average_decay=0.99, energy_weight=1.0
        )
    )


def frames_of_last_rounds(training: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Give the frames of turned bonds and, with them, the first part of those of every origin.

    Args:
        training: all training frames, in the order in which they were made.

    Returns:
        Turned ones first; no frames at all where no bond turns.
    """
    turned, others = _parted(training)
    replayed = [
        frame
        for origin, group in others.items()
        for frame in group[: math.ceil(len(group) * _replayed_part(origin))]
    ]
    return [*turned, *replayed] if turned else []


def frames_of_levelling(frames: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Thin out all but the turned bonds; leave out free atoms, whose energies would outweigh all.

    Args:
        frames: from :func:`frames_of_last_rounds`.

    Returns:
        Turned ones first.
    """
    turned, others = _parted(frames)
    thinned = [
        frame
        for origin, group in others.items()
        if not origin.endswith("/atom")
        for frame in group[:: 6 if origin.endswith("/scan") else 3]
    ]
    return [*turned, *thinned]


def train_last_rounds(
    model: PaiNN,
    frames: Sequence[LabelledFrame],
    rounds: LastRounds,
    *,
    name: str,
    seed: int,
    on_epoch: Callable[[int, float, torch.nn.Module], None] | None = None,
) -> dict[str, Any]:
    """Give a student its last rounds, in place.

    Args:
        model: a trained student.
        frames: from :func:`frames_of_last_rounds`.
        rounds: how.
        name: of the student.
        seed: of the order of the frames in the first of the rounds; the others count on.
        on_epoch: see :func:`openmm_mlff.students.training.train_student`.

    Returns:
        What the record says of each round, by its name.
    """
    own: Mapping[str, dict[str, Any]] = OWN_PLANS.get(name, {})
    told: dict[str, Any] = {}
    for number, kind in enumerate(("torsion", "levelling", "polishing")):
        plan = replace(getattr(rounds, kind), **own.get(kind, {}))
        seen = frames_of_levelling(frames) if kind == "levelling" else frames
        train_student(model, seen, plan, seed=seed + number, on_epoch=on_epoch)
        told[kind] = asdict(plan) | {"seed": seed + number, "frames": len(seen)}
    return told


def _parted(
    frames: Sequence[LabelledFrame],
) -> tuple[list[LabelledFrame], dict[str, list[LabelledFrame]]]:
    """Give the turned bonds, and the others by origin."""
    turned: list[LabelledFrame] = []
    others: dict[str, list[LabelledFrame]] = {}
    for frame in frames:
        (turned if frame.kind in TURNED else others.setdefault(frame.origin, [])).append(frame)
    return turned, others


def _replayed_part(origin: str) -> float:
    if origin.endswith(WHOLE_ORIGINS):
        return 1.0
    return REPLAYED_TRAJECTORY if origin.endswith("K") else REPLAYED
