"""Do the atoms swing as the reference has it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure, place
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.checks.statistics import compare_with_interval
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import squared_wavenumber_from_curvature

LINEAR_INERTIA_RATIO = 1e-4
"""A moment of inertia below this part of the largest is that of a line: no rotation about it."""


@dataclass(frozen=True)
class Modes:
    """Harmonic frequencies, from the lowest.

    Attributes:
        wavenumbers_per_cm: (3N−6,), or (3N−5,) of a linear molecule; an imaginary one is negative.
        errors_per_cm: one standard error each, from the noise of the Hessian.
    """

    wavenumbers_per_cm: np.ndarray
    errors_per_cm: np.ndarray

    @property
    def lowest_per_cm(self) -> float:
        """The lowest one, negative where it is imaginary."""
        return float(self.wavenumbers_per_cm[0])


def vibrations(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare harmonic frequencies at the potential's minimum with the reference's at its own.

    ν_k = √λ_k / 2πc, with λ_k the eigenvalues of M^−½ H M^−½ outside translations and rotations,
    and H = −(J + Jᵀ)/2 from the force Jacobian J (Wilson, Decius & Cross, "Molecular Vibrations",
    1955).  MAE = mean |ν_k − ν_k,ref|, both sorted.

    Args:
        observations: with the probes ``hessian_symmetry`` and ``vibrations``; ``minimum`` says
            whether the potential's minimum was reached.
        criteria: ``mae``, ``imaginary`` (cm⁻¹).

    Returns:
        PASS where frequencies agree and no mode is imaginary; INCONCLUSIVE where either geometry is
        no minimum or the noise of the Hessians could turn the answer.
    """
    limits = {name: SPEC.threshold(criteria, name=name) for name in SPEC.thresholds}
    own = find_probe(SPEC, observations, name="hessian_symmetry")
    if isinstance(own, CheckResult):
        return own
    asked = find_probe(SPEC, observations, name="vibrations")
    if isinstance(asked, CheckResult):
        return asked
    unusable = _unusable(observations, own=own, asked=asked)
    if unusable is not None:
        return unusable
    size = 3 * observations.system.n_atoms
    masses = probe_array(asked, name="masses_amu", shape=(size // 3,))
    jacobian = probe_array(own, name="jacobians", shape=(None, size, size))[0]
    if not np.isfinite(jacobian).all():
        message = f"On {place(observations)}, the potential gives forces that are not finite "
        message += "numbers about its own minimum."
        return SPEC.result(observations, status=Status.FAIL, message=message)
    geometry = probe_array(own, name="positions_angstrom", shape=(None, size // 3, 3))[0]
    model = harmonic_modes(jacobian, masses_amu=masses, positions_angstrom=geometry)
    reference = harmonic_modes(
        probe_array(asked, name="reference_jacobian", shape=(size, size)),
        masses_amu=masses,
        positions_angstrom=probe_array(
            asked, name="reference_positions_angstrom", shape=(size // 3, 3)
        ),
    )
    evidence = _evidence(own, asked, model=model, reference=reference)
    return _judged(observations, limits, model=model, reference=reference, evidence=evidence)


def _unusable(
    observations: Observations, *, own: ProbeObservations, asked: ProbeObservations
) -> CheckResult | None:
    """Say where there is no Hessian of a minimum to judge by."""
    data = asked.data
    minimum = observations.probes.get("minimum")
    force, most = float(data["model_largest_force"]), float(data["largest_force_of_a_minimum"])
    reached = True
    if minimum is not None and not minimum.data.get("model_converged", True):
        reached, force = False, float(minimum.data.get("model_largest_force", force))
    # Not "force > most": where the force is not a number, the Hessian is judged and fails.
    if not data["model_refused"] and (not reached or force > most):
        reason = (
            f"the minimisation of the potential ended at a force of {force:.2g} eV/Å, and a "
            f"minimum has at most {most:g} eV/Å"
        )
        return SPEC.inconclusive(observations, reason=reason)
    if not data["reference_converged"]:
        why = str(data.get("reason", "")).strip().rstrip(".")
        reason = f"the minimisation of {data['reference']} did not converge"
        return SPEC.inconclusive(observations, reason=f"{reason}{': ' if why else ''}{why}")
    if int(data["refused"]):
        reason = (
            f"{data['reference']} refused points about its minimum, and a Hessian with holes has "
            f"no frequencies ({data['refusals'][0]})"
        )
        return SPEC.inconclusive(observations, reason=reason)
    refused = own.arrays.get("refused")
    if data["model_refused"] or (refused is not None and bool(np.asarray(refused).ravel()[0])):
        reason = "the potential refused points about its minimum, and a Hessian with holes has no "
        return SPEC.inconclusive(observations, reason=reason + "frequencies")
    return None


def _judged(
    observations: Observations,
    limits: Mapping[str, Threshold],
    *,
    model: Modes,
    reference: Modes,
    evidence: Mapping[str, Any],
) -> CheckResult:
    imaginary, name = limits["imaginary"], evidence["reference"]
    if not np.isfinite(reference.wavenumbers_per_cm).all():
        return SPEC.inconclusive(
            observations, reason=f"{name} gives no finite frequencies", evidence=evidence
        )
    if reference.lowest_per_cm < -imaginary.value:
        reason = (
            f"{name} has an imaginary mode of {-reference.lowest_per_cm:.3g}i cm⁻¹ where its "
            "forces vanish: that is a saddle point and no minimum"
        )
        return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    if len(model.wavenumbers_per_cm) != len(reference.wavenumbers_per_cm):
        # A linear molecule has one more.
        linear = len(model.wavenumbers_per_cm) > len(reference.wavenumbers_per_cm)
        says = "is linear, and that of {} is not" if linear else "is not linear, and that of {} is"
        return SPEC.result(
            observations,
            status=Status.FAIL,
            message=f"On {place(observations)}, the potential's minimum {says.format(name)}.",
            evidence=evidence,
        )
    measures, widths = _measures(limits, model=model, reference=reference, name=name)
    decided = [
        compare_with_interval(measure.value, half_width=width, threshold=measure.limit.value)
        for measure, width in zip(measures, widths, strict=True)
    ]
    if Status.FAIL not in decided and Status.INCONCLUSIVE in decided:
        index = decided.index(Status.INCONCLUSIVE)
        reason = f"{measures[index].text()}, but known to ± {widths[index]:.2g} cm⁻¹ only"
        return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    return SPEC.judged(observations, measures=measures, evidence=evidence)


def _measures(
    limits: Mapping[str, Threshold], *, model: Modes, reference: Modes, name: str
) -> tuple[list[Measure], list[float]]:
    """Give what is compared, and half the 95 % interval of each."""
    differences = model.wavenumbers_per_cm - reference.wavenumbers_per_cm
    errors = np.hypot(model.errors_per_cm, reference.errors_per_cm)
    mae = Measure(
        f"the {len(differences)} harmonic frequencies are off from those of {name} by a mean of",
        float(np.abs(differences).mean()),
        limits["mae"],
    )
    # The errors of the modes may go together; their mean is the most that this gives.
    widths = [2.0 * float(errors.mean())]
    lowest = model.lowest_per_cm
    spurious = Measure(
        "the potential has an imaginary mode at its own minimum, where there should be none, of",
        float("nan") if not np.isfinite(lowest) else max(0.0, -lowest),
        limits["imaginary"],
    )
    return [mae, spurious], [*widths, 2.0 * float(model.errors_per_cm[0]) if lowest < 0 else 0.0]


def _evidence(
    own: ProbeObservations, asked: ProbeObservations, *, model: Modes, reference: Modes
) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "reference": str(asked.data["reference"]),
        "model_wavenumbers_per_cm": model.wavenumbers_per_cm,
        "reference_wavenumbers_per_cm": reference.wavenumbers_per_cm,
        "model_imaginary_modes": int((model.wavenumbers_per_cm < 0.0).sum()),
        "model_errors_per_cm": model.errors_per_cm,
        "reference_errors_per_cm": reference.errors_per_cm,
        "model_largest_force_ev_per_angstrom": asked.data["model_largest_force"],
        "reference_largest_force_ev_per_angstrom": asked.data["reference_largest_force"],
        "model_step_angstrom": own.data.get("step_angstrom"),
        "reference_step_angstrom": asked.data.get("step_angstrom"),
        "detection_limit_per_cm": 2.0
        * float(np.hypot(model.errors_per_cm.mean(), reference.errors_per_cm.mean())),
    }
    if len(model.wavenumbers_per_cm) == len(reference.wavenumbers_per_cm):
        differences = model.wavenumbers_per_cm - reference.wavenumbers_per_cm
        worst = int(np.argmax(np.abs(differences)))
        evidence["largest_difference_per_cm"] = float(differences[worst])
        evidence["largest_difference_at_per_cm"] = float(reference.wavenumbers_per_cm[worst])
    return evidence


def harmonic_modes(
    jacobian: np.ndarray, *, masses_amu: np.ndarray, positions_angstrom: np.ndarray
) -> Modes:
    """Solve for the harmonic frequencies.

    The antisymmetric half of J, which a gradient has not, is the noise of the other half: where
    each element of J carries noise of standard deviation s, a mode whose displacement is u (without
    the masses) has an eigenvalue off by s |u|², to first order.

    Args:
        jacobian: dF/dx, (3N, 3N), eV/Å².
        masses_amu: (N,).
        positions_angstrom: where it was worked out, (N, 3).

    Returns:
        The frequencies and their errors; NaN where anything is not finite.
    """
    kept = internal_directions(masses_amu, positions_angstrom=positions_angstrom)
    if not np.isfinite(jacobian).all():
        return Modes(*np.full((2, kept.shape[1]), np.nan))
    root = 1.0 / np.sqrt(np.repeat(masses_amu, 3))
    hessian = -0.5 * (jacobian + jacobian.T) * np.outer(root, root)
    curvatures, vectors = np.linalg.eigh(kept.T @ hessian @ kept)
    size = len(jacobian)
    antisymmetric = 0.5 * (jacobian - jacobian.T)
    noise = np.sqrt(2.0 * np.sum(antisymmetric**2) / (size * (size - 1)))
    lengths = np.sum((root[:, None] * (kept @ vectors)) ** 2, axis=0)
    squares = squared_wavenumber_from_curvature(curvatures)
    uncertainty = squared_wavenumber_from_curvature(noise * lengths)
    magnitudes = np.sqrt(np.abs(squares))
    return Modes(
        wavenumbers_per_cm=np.sign(squares) * magnitudes,
        # For stiff modes this is uncertainty / 2ν, and it stays finite where ν vanishes.
        errors_per_cm=np.sqrt(np.abs(squares) + uncertainty) - magnitudes,
    )


def internal_directions(masses_amu: np.ndarray, *, positions_angstrom: np.ndarray) -> np.ndarray:
    """Span the displacements that are neither translation nor rotation.

    Args:
        masses_amu: (N,).
        positions_angstrom: (N, 3), Å.

    Returns:
        Orthonormal columns in mass-weighted coordinates, (3N, 3N−6), or (3N, 3N−5) where the atoms
        lie on a line.
    """
    root = np.sqrt(masses_amu)[:, None]
    centre = masses_amu @ positions_angstrom / masses_amu.sum()
    arms = positions_angstrom - centre
    inertia = np.sum(masses_amu * np.sum(arms**2, axis=1)) * np.eye(3)
    inertia -= (masses_amu[:, None] * arms).T @ arms
    moments, axes = np.linalg.eigh(inertia)
    moving = [np.broadcast_to(axis, arms.shape) for axis in np.eye(3)]
    moving += [
        np.cross(axis, arms)
        for moment, axis in zip(moments, axes.T, strict=True)
        if moment > LINEAR_INERTIA_RATIO * moments[-1]
    ]
    columns = np.stack([(root * motion).ravel() for motion in moving], axis=1)
    left, _, _ = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), full_matrices=True)
    return left[:, columns.shape[1] :]


SPEC = CheckSpec(
    id="vibrations",
    group="accuracy",
    scope="system",
    title="Do the atoms swing as fast as the reference has it?",
    formula="mean |ν_k − ν_k,ref| of sorted harmonic frequencies; ν² from M^−½ H M^−½ without "
    "translations and rotations",
    unit="cm⁻¹",
    source="our choice: 50 cm⁻¹ is 1.5 % of the stretch of a bond to hydrogen and a quarter of kT "
    "at 300 K; an imaginary mode below 30 cm⁻¹ may be the residual force along a soft rotation",
    thresholds={"mae": "cm⁻¹", "imaginary": "cm⁻¹"},
    failure_mode="Spectra, heat capacities and zero-point energies are off; an imaginary mode says "
    "that the molecule at rest is no minimum and will slide away from it.",
    remedy="Add geometries displaced along the worst modes, labelled by the reference, to the "
    "training data, and train on forces with more weight.",
    function=vibrations,
    probes=("hessian_symmetry", "vibrations"),
)
