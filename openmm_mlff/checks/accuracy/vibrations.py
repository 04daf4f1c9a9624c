"""Do the vibrational frequencies match the reference?"""

import numpy as np

from openmm_mlff.checks.accuracy.modes import harmonic_modes
from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import fields
from openmm_mlff.config import Limits, short_name
from openmm_mlff.plots import Axis, Band, Level, Line, Mark, Panel, Plot, Points
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import MINIMUM_FORCE_EV_PER_ANGSTROM, ReferenceMinimum
from openmm_mlff.storage.typed import array, record

REFERENCE_STEP_ANGSTROM = 5e-3
"""Of the reference's central differences.  A quantum-chemical reference stops its SCF at some
tolerance, and the noise of its forces enters the Hessian divided by the step: for GFN2-xTB 0.025
eV/Å² at 1e-3 Å, 0.005 at 5e-3 Å (alanine), the smallest; at 2e-2 Å anharmonicity changes bonds to
hydrogen by some 4 cm⁻¹."""

_IN_EVIDENCE = "wavenumbers_per_cm", "errors_per_cm", "step_angstrom", "largest_force"
_REFUSED = "points about its minimum, and an incomplete Hessian has no frequencies"


@record
class Record:
    """Harmonic frequencies of both, each at its own minimum; an imaginary one is negative.

    There are 3N−6, or 3N−5 of a linear molecule, from the lowest, with one standard error each from
    the noise of the Hessian; none, and a `reason`, where they cannot be compared.  Largest forces,
    eV/Å, are those at the minima.
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


def measure(subject: Subject) -> Record | NotApplicable:
    """Compute the harmonic frequencies of both, each at its own minimum."""
    molecule, minimum = subject.molecule, subject.reference_minimum
    if molecule.n_atoms < 2:
        return NotApplicable("a single atom does not vibrate")
    if isinstance(minimum, NotApplicable):
        return NotApplicable("a periodic system has no harmonic frequencies of its molecules")
    hessian = subject.hessian
    if not hessian.is_whole:
        return NotApplicable(
            f"the Hessian of all {hessian.n_atoms} atoms would cost {6 * hessian.n_atoms} "
            f"evaluations; only {len(hessian.atoms)} atoms were displaced"
        )
    reason = _unusable(minimum)
    if hessian.refused[0]:
        reason = f"the potential refused {_REFUSED}"
    model = ideal = np.empty(0), np.empty(0)
    if not reason:
        jacobian, refused, reasons = subject.reference.jacobian(
            minimum.positions_angstrom, step_angstrom=REFERENCE_STEP_ANGSTROM
        )
        if refused:
            reason = f"{short_name(minimum.reference)} refused {_REFUSED} ({reasons[0]})"
        else:
            at_minimum = molecule.with_positions(hessian.positions_angstrom[0])
            model = harmonic_modes(hessian.jacobians[0], at_minimum)
            ideal = harmonic_modes(jacobian, molecule.with_positions(minimum.positions_angstrom))
    return Record(
        reference=minimum.reference,
        reason=reason,
        model_wavenumbers_per_cm=model[0],
        model_errors_per_cm=model[1],
        reference_wavenumbers_per_cm=ideal[0],
        reference_errors_per_cm=ideal[1],
        model_largest_force=minimum.model_largest_force,
        reference_largest_force=minimum.largest_force,
        model_step_angstrom=hessian.step_angstrom,
    )


def _unusable(minimum: ReferenceMinimum) -> str:
    """Return why a geometry is not a minimum; empty where both are."""
    # Not "force > most": where the force is not a number, the Hessian is judged and fails.
    force = minimum.model_largest_force
    if force > MINIMUM_FORCE_EV_PER_ANGSTROM:
        most = f"a minimum has at most {MINIMUM_FORCE_EV_PER_ANGSTROM:g} eV/Å"
        return f"the minimisation of the potential ended at a force of {force:.2g} eV/Å, and {most}"
    if not minimum.converged:
        why = f": {minimum.reason}" if minimum.reason else ""
        return f"the minimisation of {short_name(minimum.reference)} did not converge{why}"
    return ""


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the frequencies, both sorted, with ``mae`` and ``imaginary`` (cm⁻¹)."""
    if record.reason:
        return inconclusive(record.reason)
    model, ideal = record.model_wavenumbers_per_cm, record.reference_wavenumbers_per_cm
    name = short_name(record.reference)
    given = [f"{whose}_{what}" for whose in ("model", "reference") for what in _IN_EVIDENCE]
    evidence = fields(record, "reference", *given) | {
        "model_largest_force_ev_per_angstrom": record.model_largest_force,
        "reference_largest_force_ev_per_angstrom": record.reference_largest_force,
    }
    if not np.isfinite(model).all():
        return Judgement(Status.FAIL, "the potential's forces about its own minimum are not finite")
    if not np.isfinite(ideal).all():
        return inconclusive(f"the frequencies of {name} are not finite", evidence=evidence)
    if ideal[0] < -limits["imaginary"].value:
        saddle = "where its forces vanish, which is a saddle point and not a minimum"
        reason = f"{name} has an imaginary mode of {-ideal[0]:.3g}i cm⁻¹ {saddle}"
        return inconclusive(reason, evidence=evidence)
    if len(model) != len(ideal):
        # A linear molecule has one mode more.
        linear, bent = sorted([(len(ideal), name), (len(model), "the potential")], reverse=True)
        clause = f"the minimum of {linear[1]} is linear, and that of {bent[1]} is not"
        return Judgement(Status.FAIL, clause, evidence=evidence)
    return judged(_measures(record, limits), evidence=evidence)


def _measures(record: Record, limits: Limits) -> list[Measure]:
    """Return the mean error and the imaginary mode with their limits and intervals."""
    model, errors = record.model_wavenumbers_per_cm, record.model_errors_per_cm
    # The errors of the modes may be correlated: their mean is an upper bound.
    error = float(np.hypot(errors, record.reference_errors_per_cm).mean())
    mae = float(np.abs(model - record.reference_wavenumbers_per_cm).mean())
    differ = f"the {len(model)} harmonic frequencies differ from those of"
    differ = f"{differ} {short_name(record.reference)} by a mean of"
    lowest, width = max(0.0, -float(model[0])), 2.0 * float(errors[0]) if model[0] < 0.0 else 0.0
    imaginary = "the lowest mode at the potential's own minimum is imaginary, by"
    return [
        Measure(differ, mae, limits["mae"], half_width=2.0 * error),
        Measure(imaginary, lowest, limits["imaginary"], half_width=width),
    ]


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the difference of each frequency; nothing where frequencies were not compared."""
    model, ideal = record.model_wavenumbers_per_cm, record.reference_wavenumbers_per_cm
    if not len(model) or len(model) != len(ideal) or not np.isfinite(model - ideal).any():
        return []
    differences, limit = model - ideal, limits["mae"].value
    reach = 1.1 * max(float(np.nanmax(np.abs(differences))), limit)
    stems = np.column_stack([np.zeros_like(ideal), differences, np.full_like(ideal, np.nan)])
    marks: list[Mark] = [
        Band(-limit, limit, name=f"allowed mean: ±{limit:g} cm⁻¹"),
        Level(0.0, "", "ink", "solid"),
        Line(np.repeat(ideal, 3), stems.ravel(), "", 0),
        Points(ideal, differences, "", 0),
    ]
    y_axis = Axis("Potential − reference (cm⁻¹)", (-reach, reach))
    panel = Panel(Axis("Reference frequency (cm⁻¹)"), y_axis, marks)
    caption = f"Each at its own minimum; {np.nanmean(np.abs(differences)):.3g} cm⁻¹ in the mean."
    return [Plot("Harmonic frequencies", [panel], caption, name="vibrations")]


CHECK = define(
    __name__,
    formula="mean |ν_k − ν_k,ref| of sorted harmonic frequencies; ν² from M^−½ H M^−½ without "
    "translations and rotations",
    limits={"mae": "cm⁻¹", "imaginary": "cm⁻¹"},
    source="our choice: 50 cm⁻¹ is 1.5 % of the stretch of a bond to hydrogen and a quarter of kT "
    "at 300 K; an imaginary mode below 30 cm⁻¹ may be the residual force along a soft rotation",
    consequence="Spectra, heat capacities and zero-point energies are wrong; an imaginary mode "
    "means that the supposed minimum is not one.",
    remedy="Add geometries displaced along the worst modes, labelled by the reference, to the "
    "training data, and train on forces with more weight.",
    needs=("minimum", "trajectories", "reference", "reference_minimum", "hessian"),
)
