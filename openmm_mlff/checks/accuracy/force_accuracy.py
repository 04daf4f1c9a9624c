"""Do the forces match the reference's on the potential's own trajectories?"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.accuracy.labels import counts, usable_labels
from openmm_mlff.checks.base import Check, Judgement
from openmm_mlff.checks.parity.unit_scale import nearest_slip
from openmm_mlff.checks.statistics import compare_with_interval, mean_half_width
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import Skipped
from openmm_mlff.storage.shared import Labels
from openmm_mlff.units import EV_PER_ANGSTROM_BY_FORCE_UNIT

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

NEAR_ZERO_EV_PER_ANGSTROM = 0.05
"""Weaker reference forces have no meaningful direction; their angles are not counted."""

SMALLEST_SLIP = 2.0
"""Forces wrong by a smaller factor are not explained by their unit."""


def measure(subject: "Subject") -> Labels | Skipped:
    """Return the shared labels."""
    return subject.reference_labels


def judge(record: Labels, limits: Limits) -> Judgement:
    """Compare forces with the reference's.

    RMSE = √(mean (F − F_ref)²) over all Cartesian components, with a 95 % interval from the scatter
    and autocorrelation of the frames' mean squares.  The limit ``rmse`` (eV/Å) decides; ``mae``
    (eV/Å), ``r2`` (ratio) and ``median_angle`` (°) are compared in the evidence.
    """
    frames = usable_labels(record)
    if isinstance(frames, Judgement):
        return frames
    error = frames.model_forces - frames.reference_forces
    mean_squares = np.mean(error**2, axis=(1, 2))
    rmse = float(np.sqrt(mean_squares.mean()))
    # d√m = dm / 2√m.
    half_width = mean_half_width(mean_squares) / (2.0 * rmse) if rmse else 0.0
    evidence = _evidence(frames, error=error)
    compared = {
        "mae": evidence["mae_ev_per_angstrom"] <= limits["mae"].value,
        "r2": evidence["r2"] >= limits["r2"].value,
        "median_angle": evidence["angle_median_degrees"] <= limits["median_angle"].value,
    }
    others = {
        name: {"threshold": limits[name].value, "unit": limits[name].unit, "ok": bool(ok)}
        for name, ok in compared.items()
    }
    limit = limits["rmse"]
    return Judgement(
        compare_with_interval(rmse, half_width=half_width, threshold=limit.value),
        f"the forces on {len(error)} frames of {frames.frames_of} differ from those of "
        f"{frames.reference} by {rmse:.3g} ± {half_width:.2g} {limit.unit} (RMSE; limit "
        f"{limit.value:g} {limit.unit}){_slip(frames)}",
        value=rmse,
        threshold=limit.value,
        evidence={
            **evidence,
            "interval_ev_per_angstrom": half_width,
            "others": others,
            **counts(frames),
        },
    )


def _slip(frames: Labels) -> str:
    """Return which units were confused, where all forces are scaled by such a factor."""
    squares = float((frames.reference_forces**2).sum())
    if squares == 0.0:
        return ""
    slope = float((frames.model_forces * frames.reference_forces).sum()) / squares
    if slope <= 0.0 or max(slope, 1.0 / slope) < SMALLEST_SLIP:
        return ""
    slip, _ = nearest_slip(slope, unit_sizes=EV_PER_ANGSTROM_BY_FORCE_UNIT)
    return f" (forces are {slope:.3g} times the reference's: {slip})" if slip else ""


def _evidence(frames: Labels, *, error: np.ndarray) -> dict[str, Any]:
    """Return the error by kind and direction, and the RMSE by element, atom and frame."""
    reference, squares = frames.reference_forces, error**2
    spread = float(np.sum((reference - reference.mean()) ** 2))
    angles = angles_degrees(frames.model_forces, reference=reference)
    median, high = math.nan, math.nan
    if len(angles):
        median, high = np.median(angles), np.percentile(angles, 95)
    symbols = np.array(frames.symbols)
    per_frame = np.sqrt(squares.mean(axis=(1, 2)))
    return {
        "rmse_ev_per_angstrom": float(np.sqrt(squares.mean())),
        "mae_ev_per_angstrom": float(np.abs(error).mean()),
        "r2": 1.0 - float(squares.sum()) / spread if spread else math.nan,
        "angle_median_degrees": float(median),
        "angle_95th_degrees": float(high),
        "angles_counted": len(angles),
        "rms_reference_force_ev_per_angstrom": float(np.sqrt(np.mean(reference**2))),
        "per_element": {
            symbol: float(np.sqrt(squares[:, symbols == symbol].mean()))
            for symbol in sorted(set(frames.symbols))
        },
        "per_atom": np.sqrt(squares.mean(axis=(0, 2))),
        "per_frame": per_frame,
        "worst_frame_rmse_ev_per_angstrom": float(per_frame.max()),
        "largest_error_ev_per_angstrom": float(np.linalg.norm(error, axis=-1).max()),
    }


def angles_degrees(forces: np.ndarray, *, reference: np.ndarray) -> np.ndarray:
    """Return the angles between forces and reference forces (..., 3), eV/Å, that are not near zero.

    (K,), degrees; a model force of zero has no direction and counts as 90°.
    """
    lengths = np.linalg.norm(reference, axis=-1)
    counted = lengths > NEAR_ZERO_EV_PER_ANGSTROM
    products = np.sum(forces * reference, axis=-1)[counted]
    norms = np.linalg.norm(forces, axis=-1)[counted] * lengths[counted]
    cosines = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0.0)
    return np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))


CHECK = Check(
    id="force_accuracy",
    group="accuracy",
    question="Do the forces match the reference's on the potential's own trajectories?",
    formula="RMSE of F − F_ref over all components, frames of the potential's own NVE runs",
    unit="eV/Å",
    limits={"rmse": "eV/Å", "mae": "eV/Å", "r2": "ratio", "median_angle": "°"},
    source="criterion of the published students: RMSE 0.2, MAE 0.15 eV/Å, R² 0.9, angle 15°",
    consequence="Structures, barriers and spectra differ from those of the reference method, even "
    "where the dynamics are sound.",
    remedy="Add frames of the potential's own trajectories, labelled by the reference, to the "
    "training data and retrain; the evidence names the worst element.",
    record=Labels,
    measure=measure,
    judge=judge,
    needs=("minimum", "trajectories", "reference_labels"),
)
