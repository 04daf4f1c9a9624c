"""Frames labelled by the reference, and what both accuracy checks on them share."""

from dataclasses import replace

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive
from openmm_mlff.checks.inputs import JUDGED_FRACTION
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Labels


def usable_labels(record: Labels) -> Labels | Judgement:
    """Return the frames with finite labels, or why they cannot be judged.

    FAIL where the potential returned a number that is not finite, INCONCLUSIVE where the reference
    labelled less than four fifths.
    """
    if not len(record.model_energies_ev):
        return inconclusive(f"none of {record.requested} frames was evaluated")
    broken = ~_finite(record.model_energies_ev, record.model_forces)
    labelled = _finite(record.reference_energies_ev, record.reference_forces)
    # A frame on which the potential fails is judged even where its label is missing.
    frames = _chosen(record, labelled | broken)
    if broken.any():
        return Judgement(
            Status.FAIL,
            f"the potential's energies or forces on frames of {record.frames_of} are not finite",
            evidence=counts(frames),
        )
    used = len(frames.model_energies_ev)
    if used < JUDGED_FRACTION * record.requested:
        return inconclusive(
            f"the reference evaluated {used} of {record.requested} frames (needs at least four "
            "fifths)",
            evidence=counts(frames),
        )
    return frames


def counts(frames: Labels) -> dict[str, str | int]:
    """Return the numbers of frames for the evidence."""
    return {
        "reference": frames.reference,
        "run": frames.run,
        "frames_requested": frames.requested,
        "frames_refused": frames.refused,
        "frames_used": len(frames.model_energies_ev),
    }


def _finite(energies_ev: np.ndarray, forces: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(forces).all(axis=(1, 2)) & np.isfinite(energies_ev))


def _chosen(record: Labels, frames: np.ndarray) -> Labels:
    chosen = {
        name: value[frames] for name, value in vars(record).items() if isinstance(value, np.ndarray)
    }
    return replace(record, **chosen, refused=record.requested - int(frames.sum()))
