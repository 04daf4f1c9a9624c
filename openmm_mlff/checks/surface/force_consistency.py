"""Are the forces the slope of the energy?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, probe_array
from openmm_mlff.checks.surface.evidence import (
    DETECTABLE_SIGMAS,
    noise_floor,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV

QUADRATURE_MARGIN = 3.0
"""Work counts only above this many times the difference of two quadratures."""


@dataclass(frozen=True)
class Differences:
    """Central differences against forces, at each step of the ladder.

    Attributes:
        steps_angstrom: (H,).
        rms: of difference minus force, meV/Å, (H,).
        noise: of a difference at each step, meV/Å, (H,).
        truncation: estimated from the next smaller step, meV/Å, (H,).
    """

    steps_angstrom: np.ndarray
    rms: np.ndarray
    noise: np.ndarray
    truncation: np.ndarray

    @property
    def own_error(self) -> np.ndarray:
        """Noise and truncation together, meV/Å, (H,)."""
        return np.hypot(self.noise, self.truncation)

    @property
    def best(self) -> int:
        """Index of the step with the least error of its own."""
        return int(np.argmin(np.where(np.isfinite(self.own_error), self.own_error, np.inf)))


def force_consistency(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare forces with differences of the energy, and work with the energy it should give.

    (a) RMS of (E(x+hd) − E(x−hd)) / 2h + F·d over random unit directions d of all coordinates, at
    the step h whose own error, by noise σ_E / (√2 h) and truncation, is least.
    (b) |ΔE + ∫ F·dl| along straight paths, by Gauss-Legendre quadrature of 12 points.

    Args:
        observations: with the probe ``force_consistency``.
        criteria: ``difference`` (meV/Å), ``work`` (meV).

    Returns:
        PASS where both are within their thresholds, or within three times their own error.
    """
    probe = find_probe(SPEC, observations, name="force_consistency")
    if isinstance(probe, CheckResult):
        return probe
    refused = _refused(probe)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    found = differences(probe)
    limit = SPEC.threshold(criteria, name="difference")
    best = found.best
    detectable = DETECTABLE_SIGMAS * float(found.own_error[best])
    allowed = _raised(limit, least=detectable)
    work, work_evidence = _work(probe, limit=SPEC.threshold(criteria, name="work"))
    measures = [
        Measure(
            f"forces differ from the slope of the energy (steps of {found.steps_angstrom[best]:g} "
            "Å) by a root mean square of",
            float(found.rms[best]),
            allowed,
        ),
        work,
    ]
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "steps_angstrom": found.steps_angstrom,
            "rms_mev_per_angstrom_by_step": found.rms,
            "noise_mev_per_angstrom_by_step": found.noise,
            "truncation_mev_per_angstrom_by_step": found.truncation,
            "chosen_step_angstrom": found.steps_angstrom[best],
            "detection_limit": detectable,
            **work_evidence,
        },
        note=refusal_note(refused),
    )


def _refused(probe: ProbeObservations) -> np.ndarray:
    """Say which geometries, and which paths, were refused, (G + W,)."""
    parts = [probe_array(probe, name=name, shape=(None,)) for name in ("refused", "work_refused")]
    return np.concatenate(parts).astype(bool)


def differences(probe: ProbeObservations) -> Differences:
    """Work out the error of the forces at each step, and each step's own error.

    The truncation error of a central difference goes as h², so that the difference between
    neighbouring steps of the ladder, h and h', is 1 − (h'/h)² of the larger one's error.

    Args:
        probe: with `steps_angstrom` (H,), descending, `differences` (H, G, K),
            `projected_forces` (G, K), and the noise line.

    Returns:
        All in meV/Å.
    """
    steps = probe_array(probe, name="steps_angstrom", shape=(None,))
    slopes = probe_array(probe, name="differences", shape=(len(steps), None, None))
    projected = probe_array(probe, name="projected_forces", shape=slopes.shape[1:])
    refused = probe_array(probe, name="refused", shape=projected.shape[:1]).astype(bool)
    slopes, projected = slopes[:, ~refused], projected[~refused]
    error = slopes + projected
    noise = noise_floor(probe)[0] / (np.sqrt(2.0) * steps)
    apart = _rms(slopes[:-1] - slopes[1:])
    truncation = apart / (1.0 - (steps[1:] / steps[:-1]) ** 2)
    smallest = truncation[-1] * (steps[-1] / steps[-2]) ** 2
    return Differences(
        steps_angstrom=steps,
        rms=_rms(error) * MEV_PER_EV,
        noise=noise * MEV_PER_EV,
        truncation=np.append(truncation, smallest) * MEV_PER_EV,
    )


def _rms(values: np.ndarray) -> np.ndarray:
    """Root mean square over all but the first axis."""
    return np.sqrt(np.mean(values**2, axis=tuple(range(1, values.ndim))))


def _raised(limit: Threshold, *, least: float) -> Threshold:
    """Raise a threshold to what a difference can tell."""
    if not least > limit.value:
        return limit
    return limit.model_copy(
        update={"value": least, "source": "three times the difference's own error"}
    )


def _work(probe: ProbeObservations, *, limit: Threshold) -> tuple[Measure, dict[str, Any]]:
    """Compare energy gained and work done along each path, above the quadrature's own error."""
    gained = probe_array(probe, name="work_energy_changes_ev", shape=(None,))
    shape = gained.shape
    fine = probe_array(probe, name="work_integrals_ev", shape=shape)
    coarse = probe_array(probe, name="work_integrals_coarse_ev", shape=shape)
    kept = ~probe_array(probe, name="work_refused", shape=shape).astype(bool)
    missing = np.abs(gained + fine)[kept] * MEV_PER_EV
    own = QUADRATURE_MARGIN * np.abs(fine - coarse)[kept] * MEV_PER_EV
    # A path whose integral is not known well enough says nothing; a number that is none says all.
    seen = np.where(missing <= own, np.minimum(missing, limit.value), missing)
    measure = Measure(
        "work done along a path differs from the energy gained by up to", largest(seen), limit
    )
    evidence = {
        "work_mev_by_path": missing,
        "quadrature_error_mev_by_path": own,
        "paths_too_rough_to_judge": int(np.sum((missing > limit.value) & (missing <= own))),
    }
    return measure, evidence


SPEC = CheckSpec(
    id="force_consistency",
    group="surface",
    scope="system",
    title="Are the forces the slope of the energy?",
    formula="RMS of (E(x+hd) − E(x−hd))/2h + F·d, h by the noise; |ΔE + ∫F·dl| along paths",
    unit="meV/Å",
    source="healthy float32 students 0.05–0.14 meV/Å and 0.07–0.45 meV; GFN2-xTB 0.03–0.06 meV/Å",
    thresholds={"difference": "meV/Å", "work": "meV"},
    failure_mode="Forces and energy belong to two surfaces: the total energy is not conserved, or "
    "is conserved only by chance, and the thermostat hides it.",
    remedy="Take forces by automatic differentiation of the very energy that is reported; look for "
    "a wrong sign, a wrong unit, detached tensors or a separate force head.",
    function=force_consistency,
    probes=("force_consistency",),
)
