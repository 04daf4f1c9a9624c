"""Do two molecules attract and repel each other as they do by the reference?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import fields, too_few
from openmm_mlff.config import Limits, short_name
from openmm_mlff.molecules import fragment_labels
from openmm_mlff.plots import Axis, Level, Panel, Plot, of_both
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import kcal_per_mol_from_ev

FACTORS = np.array([0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0])
"""Closest distances of the two molecules relative to that at the minimum, as of S66x8."""

APART_ANGSTROM = 50.0
RELAXED_FORCE_EV_PER_ANGSTROM = 0.005
RELAXATION_STEPS = 300


@record
class Record:
    """Energies of two molecules at D distances less those 50 Å apart, NaN where refused.

    `reason` says why the reference's dimer cannot be used; empty where it can.
    """

    reference: str
    distances_angstrom: np.ndarray = array("distances")
    reference_energies_ev: np.ndarray = array("distances")
    model_energies_ev: np.ndarray = array("distances")
    model_refused: np.ndarray = array("distances")
    energy_noise_ev: float
    reason: str = ""


def measure(subject: Subject) -> Record | NotApplicable:
    """Relax the dimer by the reference and shift its second molecule along the line of centres."""
    molecule = subject.asked
    if molecule.is_periodic or molecule.fragments != 2:
        return NotApplicable("it is not a pair of molecules; validate a dimer, e.g. water_dimer")
    relaxed = subject.reference.relax(
        molecule.positions_angstrom[None],
        force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
        max_steps=RELAXATION_STEPS,
    )
    start, reason = relaxed.positions_angstrom[0], ""
    if not np.isfinite(relaxed.largest_force_ev_per_angstrom[0]):
        reason = "refused the dimer"
    elif not relaxed.converged[0]:
        reason = f"did not relax the dimer in {RELAXATION_STEPS} steps"
    elif not molecule.keeps_bonds(start):
        reason = "rearranged the bonds of the dimer"
    second = np.array(fragment_labels(molecule.n_atoms, bonds=molecule.bonds)) != 0
    axis = start[second].mean(axis=0) - start[~second].mean(axis=0)
    axis /= np.linalg.norm(axis)
    closest = float(np.linalg.norm(start[second][:, None] - start[~second], axis=2).min())
    shifts = np.append((FACTORS - 1.0) * closest, APART_ANGSTROM)
    placed = start + shifts[:, None, None] * second[:, None] * axis
    model, ideal = subject.evaluate(placed, molecule=molecule), subject.reference.evaluate(placed)
    return Record(
        reference=subject.reference.spec,
        distances_angstrom=closest * FACTORS,
        reference_energies_ev=ideal.energies_ev[:-1] - ideal.energies_ev[-1],
        model_energies_ev=model.energies_ev[:-1] - model.energies_ev[-1],
        model_refused=model.refused[:-1] | model.refused[-1],
        energy_noise_ev=subject.noise.energy_ev,
        reason=reason,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare |E − E_ref| where E_ref is lowest with ``minimum`` (kcal/mol).

    ``lowest`` limits E_ref where E is lowest, above the lowest E_ref.
    """
    evidence = fields(record, "reference", "distances_angstrom")
    if record.reason:
        return inconclusive(f"{short_name(record.reference)} {record.reason}", evidence=evidence)
    used = np.isfinite(record.reference_energies_ev) & ~record.model_refused
    reason = f"{used.sum()} of {len(used)} distances were evaluated by both"
    if undecided := too_few(used.sum(), len(used), reason, evidence=evidence):
        return undecided
    distances = record.distances_angstrom[used]
    model = kcal_per_mol_from_ev(record.model_energies_ev[used])
    ideal = kcal_per_mol_from_ev(record.reference_energies_ev[used])
    best = int(np.argmin(ideal))
    # A difference of two energies, at 95 %.
    noise = float(kcal_per_mol_from_ev(2.0 * np.sqrt(2.0) * record.energy_noise_ev))
    # Which is lowest is uncertain among those within the noise.
    chosen = (ideal - ideal[best])[~(model > model.min() + noise)]
    reference = short_name(record.reference)
    measures = [
        Measure(
            f"two molecules {distances[best]:.2f} Å apart, the minimum of {reference}, "
            f"attract by {-model[best]:.3g} kcal/mol against {-ideal[best]:.3g}, a difference of",
            float(abs(model - ideal)[best]),
            limits["minimum"],
            half_width=noise,
        ),
        Measure(
            f"where the potential's attraction is strongest, that of {reference} is weaker "
            "than at its own minimum by",
            float(chosen.min() + chosen.max()) / 2.0 if np.isfinite(model).all() else np.nan,
            limits["lowest"],
            half_width=float(np.ptp(chosen)) / 2.0,
        ),
    ]
    energies = {"model_kcal_per_mol": model, "reference_kcal_per_mol": ideal}
    return judged(measures, evidence=evidence | energies, refused=record.model_refused)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energy against the distance by both."""
    curves = record.model_energies_ev, record.reference_energies_ev
    model, ideal = (kcal_per_mol_from_ev(energies_ev) for energies_ev in curves)
    if record.reason or not (np.isfinite(model).any() and np.isfinite(ideal).any()):
        return []
    both = of_both(record.distances_angstrom, model, ideal, markers=True)
    marks = [Level(0.0, "", "muted", "dotted"), *both]
    axes = Axis("Closest distance (Å)"), Axis("Interaction energy (kcal/mol)")
    return [Plot("Interaction energy", [Panel(*axes, marks)], name="interaction")]


CHECK = define(
    __name__,
    formula="E(d) − E(50 Å) of two rigid molecules at 8 distances, 0.9 to 2 times that of the "
    "reference's minimum: |E − E_ref| there, and E_ref where E is lowest above it. It costs 9 "
    "evaluations and the reference's relaxation; only pairs of molecules are asked",
    limits={"minimum": "kcal/mol", "lowest": "kcal/mol"},
    source="distances of S66x8: Řezáč, Riley & Hobza, J. Chem. Theory Comput. 7, 2427 (2011); "
    "NCI Atlas in ml-peg, mlipaudit",
    consequence="Molecules do not find or leave each other as they should: solvation, binding and "
    "condensed phases are wrong.",
    remedy="Add dimers at several distances, labelled by the reference, to the training data; "
    "check that the cutoff includes the contacts of two molecules.",
    needs=("minimum", "noise", "reference"),
)
