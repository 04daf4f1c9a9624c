"""Are energy differences those of the reference?"""

import numpy as np

from openmm_mlff.checks.accuracy.labels import labelled_frames
from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.checks.statistics import compare_with_interval, mean_half_width
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import MEV_PER_EV

FEWEST_FRAMES = 3
"""One constant is fitted, and fewer differences than two say nothing."""


def energy_accuracy(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare energies with the reference's after one constant shift.

    MAE = mean |d − mean d| / N with d = E − E_ref over the frames, with a 95 % interval from the
    frames' scatter, whose autocorrelation is respected.

    Args:
        observations: with the probe ``reference``.
        criteria: ``mae`` (meV/atom).

    Returns:
        PASS where MAE and interval lie below the threshold, FAIL where they lie above, else
        INCONCLUSIVE.
    """
    limit = SPEC.threshold(criteria, name="mae")
    frames = labelled_frames(SPEC, observations)
    if isinstance(frames, CheckResult):
        return frames
    n_frames = len(frames.model_energies_ev)
    if n_frames < FEWEST_FRAMES:
        reason = f"{n_frames} frames were evaluated, and {FEWEST_FRAMES} are the fewest"
        return SPEC.inconclusive(observations, reason=reason, evidence=frames.counts())
    difference_ev = frames.model_energies_ev - frames.reference_energies_ev
    shift_ev = float(difference_ev.mean())
    errors = np.abs(difference_ev - shift_ev) * MEV_PER_EV / observations.system.n_atoms
    mae = float(errors.mean())
    half_width = mean_half_width(errors)
    status = compare_with_interval(mae, half_width=half_width, threshold=limit.value)
    side = {Status.PASS: "below", Status.FAIL: "above"}.get(status, "too uncertain to compare with")
    return SPEC.result(
        observations,
        status=status,
        message=f"On {place(observations)}, energies of {n_frames} frames are off by {mae:.3g} ± "
        f"{half_width:.2g} {limit.unit} (MAE after one shift) from {frames.reference}, {side} the "
        f"limit of {limit.value:g} {limit.unit}.",
        value=mae,
        threshold=limit.value,
        evidence={
            "interval_mev_per_atom": half_width,
            "shift_ev": shift_ev,
            "rmse_mev_per_atom": float(np.sqrt(np.mean(errors**2))),
            "largest_error_mev_per_atom": float(errors.max()),
            "reference_spread_mev_per_atom": float(frames.reference_energies_ev.std())
            * MEV_PER_EV
            / observations.system.n_atoms,
            **frames.counts(),
        },
    )


SPEC = CheckSpec(
    id="energy_accuracy",
    group="accuracy",
    scope="system",
    title="Are energy differences those of the reference?",
    formula="mean |d − mean d| / N, d = E − E_ref, frames of the potential's own NVE run",
    unit="meV/atom",
    source="customary for ML force fields: 10 meV/atom is 0.4 kT at 300 K",
    thresholds={"mae": "meV/atom"},
    failure_mode="Populations of conformers and reaction energies, which go with exp(−ΔE/kT), are "
    "off by factors.",
    remedy="Train with more weight on energies, or with more of the geometries this trajectory "
    "visits.",
    function=energy_accuracy,
    probes=("reference",),
)
