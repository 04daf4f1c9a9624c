"""Do the forces match the reference's on the potential's own trajectories?"""

import math
from typing import Any

import numpy as np

from openmm_mlff.checks.accuracy.labels import check_of_labels, counts, usable_labels
from openmm_mlff.checks.base import Judgement, Measure, judged
from openmm_mlff.checks.parity.unit_scale import factor_off, nearest_slip
from openmm_mlff.checks.statistics import root_mean
from openmm_mlff.config import Limits, short_name
from openmm_mlff.storage.shared import Labels
from openmm_mlff.units import EV_PER_ANGSTROM_BY_FORCE_UNIT

NEAR_ZERO_EV_PER_ANGSTROM = 0.05
"""Weaker reference forces have no meaningful direction; their angles are not counted."""

SMALLEST_SLIP = 2.0  # forces wrong by a smaller factor are not explained by their unit

_OTHERS = {"mae": "mae_ev_per_angstrom", "r2": "r2", "median_angle": "angle_median_degrees"}
"""Limits that do not decide, and what is compared with them."""


def judge(record: Labels, limits: Limits) -> Judgement:
    """Compare forces with the reference's: ``rmse`` (eV/Å) decides, with its 95 % interval.

    ``mae`` (eV/Å), ``r2`` (ratio) and ``median_angle`` (°) are compared in the evidence.
    """
    frames = usable_labels(record)
    if isinstance(frames, Judgement):
        return frames
    error = frames.model_forces - frames.reference_forces
    rmse, half_width = root_mean(np.mean(error**2, axis=(1, 2)))
    evidence = _evidence(frames, error=error)
    others = {
        name: Measure(name, evidence[key], limits[name], at_least=name == "r2").as_dict()
        for name, key in _OTHERS.items()
    }
    evidence |= {"interval_ev_per_angstrom": half_width, "others": others, **counts(frames)}
    clause = f"the forces on {len(error)} frames of {frames.frames_of} differ from those of "
    clause += f"{short_name(frames.reference)} by an RMSE of"
    measure = Measure(clause, rmse, limits["rmse"], half_width=half_width)
    return judged([measure], evidence=evidence, note=_slip(frames))


def _slip(frames: Labels) -> str:
    """Return which units were confused, where all forces are scaled by such a factor."""
    squares = float(np.sum(frames.reference_forces**2))
    products = float(np.sum(frames.model_forces * frames.reference_forces))
    slope = products / squares if squares else 1.0
    slip, _ = nearest_slip(slope, unit_sizes=EV_PER_ANGSTROM_BY_FORCE_UNIT)
    if not slip or factor_off(slope) < SMALLEST_SLIP:
        return ""
    return f"forces are {slope:.3g} times the reference's: {slip}"


def _evidence(frames: Labels, *, error: np.ndarray) -> dict[str, Any]:
    """Return the error by kind and direction, and the RMSE by element, atom and frame."""
    reference, squares = frames.reference_forces, error**2
    spread = float(np.sum((reference - reference.mean()) ** 2))
    angles = angles_degrees(frames.model_forces, reference=reference)
    median, high = np.percentile(angles, [50, 95]) if len(angles) else (math.nan, math.nan)
    symbols = np.array(frames.symbols)
    return {
        "mae_ev_per_angstrom": float(np.abs(error).mean()),
        "r2": 1.0 - float(squares.sum()) / spread if spread else math.nan,
        "angle_median_degrees": float(median),
        "angle_95th_degrees": float(high),
        "per_element": {
            symbol: float(np.sqrt(squares[:, symbols == symbol].mean()))
            for symbol in sorted(set(frames.symbols))
        },
        "per_atom": np.sqrt(squares.mean(axis=(0, 2))),
        "per_frame": np.sqrt(squares.mean(axis=(1, 2))),
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


CHECK = check_of_labels(
    __name__,
    formula="RMSE of F − F_ref over all components, frames of the potential's own NVE runs",
    limits={"rmse": "eV/Å", "mae": "eV/Å", "r2": "ratio", "median_angle": "°"},
    source="criterion of the published students: RMSE 0.2, MAE 0.15 eV/Å, R² 0.9, angle 15°",
    consequence="Structures, barriers and spectra differ from those of the reference method, even "
    "where the dynamics are sound.",
    remedy="Add frames of the potential's own trajectories, labelled by the reference, to the "
    "training data and retrain; the evidence names the worst element.",
)
