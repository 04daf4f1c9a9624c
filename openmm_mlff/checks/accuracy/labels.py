"""Frames labelled by the reference: whether there are enough to judge by."""

from dataclasses import fields

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive
from openmm_mlff.checks.inputs import JUDGED_FRACTION
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Labels


def usable_labels(record: Labels) -> Labels | Judgement:
    """Return the frames with finite labels, or why they cannot be judged.

    Args:
        record: frames evaluated by both.

    Returns:
        The frames; FAIL where the potential returned a number that is not finite, INCONCLUSIVE
        where the reference labelled less than four fifths.
    """
    if not len(record.model_energies_ev):
        return inconclusive(f"none of {record.requested} frames was evaluated")
    broken = ~(_finite(record.model_forces) & np.isfinite(record.model_energies_ev))
    labelled = _finite(record.reference_forces) & np.isfinite(record.reference_energies_ev)
    # A frame on which the potential itself breaks must not be dropped with its label.
    frames = _chosen(record, labelled | broken)
    if broken.any():
        return Judgement(
            Status.FAIL,
            f"the potential gives energies or forces that are not finite on frames of "
            f"{record.frames_of}",
            evidence=counts(frames),
        )
    used = len(frames.model_energies_ev)
    if used < JUDGED_FRACTION * record.requested:
        return inconclusive(
            f"the reference evaluated {used} of {record.requested} frames, and needs at least four "
            "fifths",
            evidence=counts(frames),
        )
    return frames


def counts(frames: Labels) -> dict[str, str | int]:
    """Return what was used, for the evidence."""
    return {
        "reference": frames.reference,
        "run": frames.run,
        "frames_requested": frames.requested,
        "frames_refused": frames.refused,
        "frames_used": len(frames.model_energies_ev),
    }


def _finite(forces: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(forces).all(axis=(1, 2)))


def _chosen(record: Labels, frames: np.ndarray) -> Labels:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    chosen = {
        name: value[frames] if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    return Labels(**(chosen | {"refused": record.requested - int(frames.sum())}))
