"""Frames labelled by the reference, and what both accuracy checks on them share."""

from dataclasses import replace
from functools import partial
from operator import attrgetter

import numpy as np

from openmm_mlff.checks.base import Judgement, define
from openmm_mlff.checks.inputs import too_few
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Labels

check_of_labels = partial(
    define,
    record=Labels,
    measure=attrgetter("reference_labels"),
    needs=("minimum", "trajectories", "reference_labels"),
)
"""A check of the frames that the reference labelled."""


def usable_labels(record: Labels) -> Labels | Judgement:
    """Return the frames with finite labels, or why they cannot be judged.

    FAIL where the potential returned a number that is not finite, INCONCLUSIVE where the reference
    labelled less than four fifths.
    """
    broken = ~_finite(record.model_energies_ev, record.model_forces)
    # A frame on which the potential fails is judged even where its label is missing.
    kept = broken | _finite(record.reference_energies_ev, record.reference_forces)
    arrays = {name: one[kept] for name, one in vars(record).items() if isinstance(one, np.ndarray)}
    used = int(kept.sum())
    frames = replace(record, **arrays, refused=record.requested - used)
    if broken.any():
        clause = f"energies or forces of the potential on frames of {record.frames_of}"
        return Judgement(Status.FAIL, f"{clause} are not finite", evidence=counts(frames))
    reason = f"the reference evaluated {used} of {record.requested} frames"
    return too_few(used, max(record.requested, 1), reason, evidence=counts(frames)) or frames


def counts(frames: Labels) -> dict[str, str | int]:
    """Return the origin and the numbers of frames for the evidence."""
    return {
        "reference": frames.reference,
        "run": frames.run,
        "frames_requested": frames.requested,
        "frames_used": len(frames.model_energies_ev),
    }


def _finite(energies_ev: np.ndarray, forces: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(forces).all(axis=(1, 2)) & np.isfinite(energies_ev))
