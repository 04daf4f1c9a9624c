"""Do the vibrational frequencies match the reference's?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.accuracy.modes import Modes, harmonic_modes
from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.statistics import compare_with_interval
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import MINIMUM_FORCE_EV_PER_ANGSTROM
from openmm_mlff.storage.typed import array, record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

REFERENCE_STEP_ANGSTROM = 5e-3
"""Of the reference's central differences.  A quantum-chemical reference stops its SCF at some
tolerance, and the noise of its forces enters the Hessian divided by the step: for GFN2-xTB 0.025
eV/Å² at 1e-3 Å, 0.005 at 5e-3 Å (alanine), where it is as small as at any step; at 2e-2 Å the
anharmonicity shows and bonds to hydrogen are off by some 4 cm⁻¹."""


@record
class Record:
    """Harmonic frequencies of both, from the lowest; an imaginary one is negative.

    Attributes:
        reference: its spec string.
        reason: why there is nothing to compare; empty where there is.
        model_wavenumbers_per_cm: 3N−6 of them, or 3N−5 of a linear molecule.
        model_errors_per_cm: one standard error each, from the noise of the Hessian.
        reference_wavenumbers_per_cm: of the reference at its own minimum.
        reference_errors_per_cm: one standard error each.
        model_largest_force: at the potential's minimum, eV/Å.
        reference_largest_force: at the reference's, eV/Å.
        model_step_angstrom: of the central differences.
        reference_step_angstrom: likewise.
    """

    reference: str
    reason: str = ""
    model_wavenumbers_per_cm: np.ndarray = array("model modes")
    model_errors_per_cm: np.ndarray = array("model modes")
    reference_wavenumbers_per_cm: np.ndarray = array("reference modes")
    reference_errors_per_cm: np.ndarray = array("reference modes")
    model_largest_force: float
    reference_largest_force: float
    model_step_angstrom: float
    reference_step_angstrom: float = REFERENCE_STEP_ANGSTROM


NO_MODES = Modes(np.empty(0), np.empty(0))


def measure(subject: "Subject") -> Record | NotApplicable:
    """Solve for the harmonic frequencies of both, each at its own minimum.

    ν_k = √λ_k / 2πc, with λ_k the eigenvalues of M^−½ H M^−½ outside translations and rotations,
    and H = −(J + Jᵀ)/2 from the force Jacobian J (Wilson, Decius & Cross, "Molecular Vibrations",
    1955).

    Args:
        subject: what is measured.

    Returns:
        The frequencies, or why there are none to compare; not applicable to one atom, a periodic
        system, and one too large for a Hessian of all its atoms.
    """
    molecule = subject.molecule
    if molecule.n_atoms < 2:
        return NotApplicable("a single atom does not vibrate")
    minimum = subject.reference_minimum
    if isinstance(minimum, NotApplicable):
        return NotApplicable("a periodic system has no harmonic frequencies of its molecules")
    hessian = subject.hessian
    if not hessian.is_whole:
        return NotApplicable(
            f"the Hessian of all {hessian.n_atoms} atoms would cost {6 * hessian.n_atoms} "
            f"evaluations; only {len(hessian.atoms)} atoms were displaced"
        )
    reason = _unusable(minimum.reference, minimum.model_largest_force, subject=subject)
    model = ideal = NO_MODES
    if not reason and not minimum.converged:
        why = f": {minimum.reason}" if minimum.reason else ""
        reason = f"the minimisation of {minimum.reference} did not converge{why}"
    if not reason:
        jacobian, refused, reasons = subject.reference.jacobian(
            minimum.positions_angstrom, step_angstrom=REFERENCE_STEP_ANGSTROM
        )
        if refused:
            reason = (
                f"{minimum.reference} refused points about its minimum, and an incomplete Hessian "
                f"has no frequencies ({reasons[0]})"
            )
        else:
            masses = molecule.masses_amu
            model = harmonic_modes(
                hessian.jacobians[0],
                masses_amu=masses,
                positions_angstrom=hessian.positions_angstrom[0],
            )
            ideal = harmonic_modes(
                jacobian, masses_amu=masses, positions_angstrom=minimum.positions_angstrom
            )
    return Record(
        reference=minimum.reference,
        reason=reason,
        model_wavenumbers_per_cm=model.wavenumbers_per_cm,
        model_errors_per_cm=model.errors_per_cm,
        reference_wavenumbers_per_cm=ideal.wavenumbers_per_cm,
        reference_errors_per_cm=ideal.errors_per_cm,
        model_largest_force=minimum.model_largest_force,
        reference_largest_force=minimum.largest_force,
        model_step_angstrom=hessian.step_angstrom,
    )


def _unusable(reference: str, largest_force: float, *, subject: "Subject") -> str:
    """Return why the potential's Hessian is not that of a minimum; empty where it is."""
    if subject.hessian.refused[0]:
        return (
            "the potential refused points about its minimum, and an incomplete Hessian has no "
            "frequencies"
        )
    # Not "force > most": where the force is not a number, the Hessian is judged and fails.
    if largest_force > MINIMUM_FORCE_EV_PER_ANGSTROM:
        return (
            f"the minimisation of the potential ended at a force of {largest_force:.2g} eV/Å, and "
            f"a minimum has at most {MINIMUM_FORCE_EV_PER_ANGSTROM:g} eV/Å"
        )
    return ""


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the frequencies, both sorted: MAE = mean |ν_k − ν_k,ref|.

    Args:
        record: the frequencies.
        limits: ``mae``, ``imaginary`` (cm⁻¹).

    Returns:
        PASS where frequencies agree and no mode is imaginary; INCONCLUSIVE where either geometry is
        not a minimum or the noise of the Hessians could change the outcome.
    """
    if record.reason:
        return inconclusive(record.reason)
    model = Modes(record.model_wavenumbers_per_cm, record.model_errors_per_cm)
    ideal = Modes(record.reference_wavenumbers_per_cm, record.reference_errors_per_cm)
    evidence, name = _evidence(record), record.reference
    if not np.isfinite(model.wavenumbers_per_cm).all():
        return Judgement(
            Status.FAIL, "the potential gives forces that are not finite about its own minimum"
        )
    if not np.isfinite(ideal.wavenumbers_per_cm).all():
        return inconclusive(f"{name} gives no finite frequencies", evidence=evidence)
    if ideal.lowest_per_cm < -limits["imaginary"].value:
        reason = (
            f"{name} has an imaginary mode of {-ideal.lowest_per_cm:.3g}i cm⁻¹ where its forces "
            "vanish, which is a saddle point and not a minimum"
        )
        return inconclusive(reason, evidence=evidence)
    if len(model.wavenumbers_per_cm) != len(ideal.wavenumbers_per_cm):
        # A linear molecule has one more.
        linear = len(model.wavenumbers_per_cm) > len(ideal.wavenumbers_per_cm)
        clause = (
            f"is linear, and that of {name} is not"
            if linear
            else f"is not linear, and that of {name} is"
        )
        return Judgement(Status.FAIL, f"the potential's minimum {clause}", evidence=evidence)
    measures, widths = _measures(limits, model=model, reference=ideal, name=name)
    decided = [
        compare_with_interval(measure.value, half_width=width, threshold=measure.limit.value)
        for measure, width in zip(measures, widths, strict=True)
    ]
    if Status.FAIL not in decided and Status.INCONCLUSIVE in decided:
        index = decided.index(Status.INCONCLUSIVE)
        reason = f"{measures[index].text()}, but known to ± {widths[index]:.2g} cm⁻¹ only"
        return inconclusive(reason, evidence=evidence)
    return judged(measures, evidence=evidence)


def _measures(
    limits: Limits, *, model: Modes, reference: Modes, name: str
) -> tuple[list[Measure], list[float]]:
    """Return what is compared, and half the 95 % interval of each."""
    differences = model.wavenumbers_per_cm - reference.wavenumbers_per_cm
    errors = np.hypot(model.errors_per_cm, reference.errors_per_cm)
    mae = Measure(
        f"the {len(differences)} harmonic frequencies differ from those of {name} by a mean of",
        float(np.abs(differences).mean()),
        limits["mae"],
    )
    # The errors of the modes may go together; their mean is the most that this gives.
    widths = [2.0 * float(errors.mean())]
    lowest = model.lowest_per_cm
    spurious = Measure(
        "the lowest mode at the potential's own minimum is imaginary, by",
        float("nan") if not np.isfinite(lowest) else max(0.0, -lowest),
        limits["imaginary"],
    )
    return [mae, spurious], [*widths, 2.0 * float(model.errors_per_cm[0]) if lowest < 0 else 0.0]


def _evidence(record: Record) -> dict[str, Any]:
    model, ideal = record.model_wavenumbers_per_cm, record.reference_wavenumbers_per_cm
    errors = record.model_errors_per_cm, record.reference_errors_per_cm
    evidence: dict[str, Any] = {
        "reference": record.reference,
        "model_wavenumbers_per_cm": model,
        "reference_wavenumbers_per_cm": ideal,
        "model_imaginary_modes": int((model < 0.0).sum()),
        "model_errors_per_cm": errors[0],
        "reference_errors_per_cm": errors[1],
        "model_largest_force_ev_per_angstrom": record.model_largest_force,
        "reference_largest_force_ev_per_angstrom": record.reference_largest_force,
        "model_step_angstrom": record.model_step_angstrom,
        "reference_step_angstrom": record.reference_step_angstrom,
        "detection_limit_per_cm": 2.0 * float(np.hypot(errors[0].mean(), errors[1].mean())),
    }
    if len(model) == len(ideal):
        differences = model - ideal
        worst = int(np.argmax(np.abs(differences)))
        evidence["largest_difference_per_cm"] = float(differences[worst])
        evidence["largest_difference_at_per_cm"] = float(ideal[worst])
    return evidence


CHECK = Check(
    id="vibrations",
    group="accuracy",
    question="Do the vibrational frequencies match the reference?",
    formula="mean |ν_k − ν_k,ref| of sorted harmonic frequencies; ν² from M^−½ H M^−½ without "
    "translations and rotations",
    unit="cm⁻¹",
    limits={"mae": "cm⁻¹", "imaginary": "cm⁻¹"},
    source="our choice: 50 cm⁻¹ is 1.5 % of the stretch of a bond to hydrogen and a quarter of kT "
    "at 300 K; an imaginary mode below 30 cm⁻¹ may be the residual force along a soft rotation",
    consequence="Spectra, heat capacities and zero-point energies are wrong; an imaginary mode "
    "means that the supposed minimum is not one.",
    remedy="Add geometries displaced along the worst modes, labelled by the reference, to the "
    "training data, and train on forces with more weight.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "trajectories", "reference", "reference_minimum", "hessian"),
)
