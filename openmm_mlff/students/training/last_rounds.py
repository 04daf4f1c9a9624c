"""The last rounds of training: rotated bonds and a part of the other frames.

The thermal frames never leave their initial conformer. The first of the last rounds trains on the
full rotation about each bond; the second emphasises energies, which show a conformer of too high
energy more clearly than forces do; the third restores the smoothness lost in the second, and in
``original`` also the vibrations of molecules without rotatable bonds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from openmm_mlff.students.painn import PaiNN
from openmm_mlff.students.training.dataset import CONFORMER, REFINEMENT, THERMAL, TORSION
from openmm_mlff.students.training.fit import TrainingPlan, train_student
from openmm_mlff.students.training.frames import WHOLE_ORIGINS, LabelledFrame, by_origin

TURNED = (TORSION, CONFORMER)
"""Kinds of frames with rotated bonds."""

LATER_KINDS = (REFINEMENT, *TURNED)
"""Kinds of frames that are not used in the first round."""

RELAXED_EV_PER_ANGSTROM = 0.5
"""RMS force below which a frame is a relaxed point of a rotation; displaced copies have about 3."""

REPLAYED_TRAJECTORY, REPLAYED = 1 / 6, 1 / 3
"""Fractions of each trajectory, whose frames are similar, and of each other origin that are reused
in the last rounds, so that accuracy on them is kept."""

LAST_ROUNDS = {
    "torsion": TrainingPlan(epochs=4, learning_rate=1e-3, average_decay=0.995),
    "levelling": TrainingPlan(epochs=3, learning_rate=1e-3, average_decay=0.99, energy_weight=10.0),
    "polishing": TrainingPlan(epochs=2, learning_rate=5e-4, average_decay=0.99, energy_weight=1.0),
}
"""The last rounds in order: with rotated bonds; the same with most of the weight on energies, and
fewer other frames; and as the first, with a lower learning rate."""

# A wide scale, so that few large errors, at 90° about the bond of an amide, have an effect.
_WIDE = {"energy_scale_ev_per_atom": 0.02, "energy_weight": 30.0}
OWN_PLANS: dict[str, dict[str, dict[str, Any]]] = {
    "original": {
        "torsion": {"epochs": 1, "learning_rate": 4e-4},
        "levelling": {"epochs": 4, "learning_rate": 5e-4, **_WIDE},
        "polishing": {"epochs": 3, "learning_rate": 3e-4, **_WIDE},
    },
    "ultra-tiny": {
        "levelling": {"epochs": 4, "learning_rate": 1.5e-3},
        "polishing": {"epochs": 6, "learning_rate": 1e-3},
    },
}
"""Deviations of a student from the plans above."""

RIGID_REPEATED = {"original": 4}
"""How often the last round of a student repeats the thermal frames of molecules without rotated
bonds: many epochs on rotations displaced the vibrations of methane by up to 100 cm⁻¹."""

ROUNDS = tuple(LAST_ROUNDS)


def frames_of_last_rounds(training: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Return frames with rotated bonds, followed by the first part of those of every origin.

    ``training``: all training frames, in the order of generation. Without rotated bonds the result
    is empty.
    """
    rotated, others = _rotated_and_others(training)
    replayed = [
        frame
        for origin, group in others.items()
        for frame in group[: math.ceil(len(group) * _replayed_part(origin))]
    ]
    return [*rotated, *replayed] if rotated else []


def frames_of_levelling(frames: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Weight the relaxed points of rotations and reduce the rest.

    Relaxed points, whose energies are the torsion profile, come first and twice; of the displaced
    copies of rotated bonds every second one is kept.  Free atoms are removed, because their
    energies would dominate the loss.
    """
    rotated, others = _rotated_and_others(frames)
    relaxed = [frame for frame in rotated if _force_rms(frame) < RELAXED_EV_PER_ANGSTROM]
    displaced = [frame for frame in rotated if _force_rms(frame) >= RELAXED_EV_PER_ANGSTROM]
    thinned = [
        frame
        for origin, group in others.items()
        if not origin.endswith("/atom")
        for frame in group[:: 6 if origin.endswith("/scan") else 3]
    ]
    return [*relaxed, *relaxed, *displaced[::2], *thinned]


def frames_of_rigid_molecules(training: Sequence[LabelledFrame]) -> list[LabelledFrame]:
    """Return the thermal frames of molecules that have no frames with rotated bonds."""
    rotated = {_molecule(frame) for frame in training if frame.kind in TURNED}
    return [
        frame
        for frame in training
        if frame.kind.startswith(THERMAL) and _molecule(frame) not in rotated
    ]


def _molecule(frame: LabelledFrame) -> str:
    return frame.origin.partition("/")[0]


def _force_rms(frame: LabelledFrame) -> float:
    """Return the RMS norm of the forces on the atoms, eV/Å."""
    return float(np.sqrt((frame.forces_ev_per_angstrom**2).sum(axis=1).mean()))


def train_last_rounds(
    model: PaiNN,
    training: Sequence[LabelledFrame],
    plans: Mapping[str, TrainingPlan],
    *,
    name: str,
    seed: int,
    kinds: Sequence[str] = ROUNDS,
    on_epoch: Callable[[int, float, torch.nn.Module], None] | None = None,
) -> dict[str, Any]:
    """Train the rounds ``kinds`` in place and return what is recorded of each, by its name.

    ``training``: all training frames; ``plans``: as :data:`LAST_ROUNDS`.  ``seed`` determines the
    order of the frames in the first of :data:`ROUNDS` and is incremented for the others.
    """
    own = OWN_PLANS.get(name, {})
    frames = frames_of_last_rounds(training)
    recorded: dict[str, Any] = {}
    for kind in kinds:
        plan = replace(plans[kind], **own.get(kind, {}))
        seen = frames
        if kind == "levelling":
            seen = frames_of_levelling(frames)
        elif kind == "polishing" and name in RIGID_REPEATED:
            seen = [
                *frames_of_levelling(frames),
                *frames_of_rigid_molecules(training) * RIGID_REPEATED[name],
            ]
        own_seed = seed + ROUNDS.index(kind)
        train_student(model, seen, plan, seed=own_seed, on_epoch=on_epoch)
        recorded[kind] = asdict(plan) | {"seed": own_seed, "frames": len(seen)}
    return recorded


def _rotated_and_others(
    frames: Sequence[LabelledFrame],
) -> tuple[list[LabelledFrame], dict[str, list[LabelledFrame]]]:
    """Return the frames with rotated bonds, and the others by origin."""
    rotated = [frame for frame in frames if frame.kind in TURNED]
    return rotated, by_origin(frame for frame in frames if frame.kind not in TURNED)


def _replayed_part(origin: str) -> float:
    if origin.endswith(WHOLE_ORIGINS):
        return 1.0
    return REPLAYED_TRAJECTORY if origin.endswith("K") else REPLAYED
