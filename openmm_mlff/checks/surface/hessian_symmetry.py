"""Is the force Jacobian symmetric, as that of a gradient is?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, probe_array
from openmm_mlff.checks.surface.evidence import (
    DETECTABLE_SIGMAS,
    noise_floor,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def hessian_symmetry(observations: Observations, criteria: Criteria) -> CheckResult:
    """Measure the antisymmetric part of J = dF/dx, which no gradient has.

    λ = ‖(J − Jᵀ)/2‖ / ‖J‖, Frobenius norms
    (Bigi, Langer, Ceriotti 2025, "The dark side of the forces").

    Args:
        observations: with the probe ``hessian_symmetry``.
        criteria: ``asymmetry`` (ratio).

    Returns:
        PASS where the largest λ is within the threshold; INCONCLUSIVE where the noise of the
        forces alone would give as much.
    """
    probe = find_probe(SPEC, observations, name="hessian_symmetry")
    if isinstance(probe, CheckResult):
        return probe
    limit = SPEC.threshold(criteria, name="asymmetry")
    jacobians = probe_array(probe, name="jacobians", shape=(None, None, None))
    refused = probe_array(probe, name="refused", shape=jacobians.shape[:1]).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    jacobians = jacobians[~refused]
    lengths = np.linalg.norm(jacobians, axis=(1, 2))
    asymmetric = 0.5 * np.linalg.norm(jacobians - jacobians.swapaxes(1, 2), axis=(1, 2))
    # Forces that vanish everywhere are symmetric, and no molecule.
    ratios = np.divide(asymmetric, lengths, out=np.zeros_like(lengths), where=lengths != 0.0)
    from_noise = _ratio_of_noise(
        noise_floor(probe)[1], step=float(probe.data["step_angstrom"]), jacobians=jacobians
    )
    evidence = {
        "asymmetry_by_geometry": ratios,
        "norm_ev_per_angstrom2": lengths,
        "detection_limit": DETECTABLE_SIGMAS * from_noise,
    }
    worst = largest(ratios)
    if worst > limit.value and worst <= DETECTABLE_SIGMAS * from_noise:
        return SPEC.inconclusive(
            observations,
            reason=f"the Jacobian's asymmetry of {worst:.2g} is no more than the noise of the "
            f"forces gives ({from_noise:.2g}); run in double precision",
            evidence=evidence,
        )
    clause = "the antisymmetric part of the force Jacobian, relative to the whole, is"
    return SPEC.judged(
        observations,
        measures=[Measure(clause, worst, limit)],
        evidence=evidence,
        note=refusal_note(refused),
    )


def _ratio_of_noise(force_noise: float, *, step: float, jacobians: np.ndarray) -> float:
    """Give the λ that noise alone would leave.

    Each entry of J has the deviation s = σ_F / (√2 h), each of (J − Jᵀ)/2 has s / √2.

    Returns:
        Expected ‖noise‖ / ‖J‖ of the smallest Jacobian.
    """
    smallest = float(np.linalg.norm(jacobians, axis=(1, 2)).min())
    deviation = force_noise / (np.sqrt(2.0) * step)
    return float(jacobians.shape[1] * deviation / np.sqrt(2.0) / max(smallest, 1e-300))


SPEC = CheckSpec(
    id="hessian_symmetry",
    group="surface",
    scope="system",
    title="Do the forces belong to an energy at all?",
    formula="λ = ‖(J − Jᵀ)/2‖ / ‖J‖, J = dF/dx by central differences of 1e-3 Å",
    unit="ratio",
    source="ml-peg jacobian_symmetry; Bigi et al. 2025, The dark side of the forces",
    thresholds={"asymmetry": "ratio"},
    failure_mode="The forces have a curl: going round in a circle gains energy, a run at constant "
    "energy heats up without end, and a thermostat hides it.",
    remedy="Take the forces as the gradient of the energy instead of predicting them directly.",
    function=hessian_symmetry,
    probes=("hessian_symmetry",),
)
