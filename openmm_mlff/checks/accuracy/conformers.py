"""Do the conformers have the order and the energies of the reference?"""

from functools import partial

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import JUDGED_FRACTION, fields
from openmm_mlff.config import Limits, short_name
from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.embedding import SAME_KCAL_PER_MOL, conformers
from openmm_mlff.plots import Axis, Level, Line, Mark, Panel, Plot, Points
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import kcal_per_mol_from_ev

MOST_CONFORMERS = 10
RELAXED_FORCE_EV_PER_ANGSTROM = 0.005
RELAXATION_STEPS = 1000
"""Ibuprofen takes up to 600."""

ERROR_KCAL_PER_MOL = 0.01
"""Of a relaxed energy: f²/2k for the remaining force and a rotation of k = 0.05 eV/Å²."""


@record
class Record:
    """Energies of G conformers, the reference's lowest first, relaxed by each.

    The potential starts from the reference's minima.  `generated` are by RDKit; `unusable` are
    those that the reference refused, did not relax, or whose bonds it rearranged.
    """

    reference: str
    generated: int
    unusable: int
    reference_energies_ev: np.ndarray = array("conformers")
    model_energies_ev: np.ndarray = array("conformers")
    model_converged: np.ndarray = array("conformers")
    model_keeps_bonds: np.ndarray = array("conformers")


def measure(subject: Subject) -> Record | NotApplicable:
    """Relax conformers by the reference, and those that remain different by the potential."""
    molecule = subject.molecule
    if molecule.is_periodic or molecule.fragments > 1:
        return NotApplicable("several molecules are not conformers; validate each alone")
    try:
        placed = conformers(molecule, most=MOST_CONFORMERS)
    except MoleculeError as error:
        return NotApplicable(str(error))
    if len(placed) < 2:
        return NotApplicable("RDKit finds one conformer")
    relax = partial(
        subject.reference.relax,
        force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
        max_steps=RELAXATION_STEPS,
    )
    subject.report("conformers", 0, 2)
    ideal = relax(placed)
    subject.report("conformers", 1, 2)
    usable = ideal.converged & _keep_bonds(subject, ideal.positions_angstrom)
    order = np.flatnonzero(usable)[np.argsort(ideal.energies_ev[usable])]
    rises = np.diff(kcal_per_mol_from_ev(ideal.energies_ev[order]), prepend=-np.inf)
    kept = order[rises > SAME_KCAL_PER_MOL]
    if usable.all() and len(kept) < 2:
        return NotApplicable(f"{len(placed)} conformers by RDKit are one by the reference")
    starts = ideal.positions_angstrom[kept]
    model = relax(starts, by=subject.evaluate)
    subject.report("conformers", 2, 2)
    return Record(
        reference=subject.reference.spec,
        generated=len(placed),
        unusable=int(np.sum(~usable)),
        reference_energies_ev=ideal.energies_ev[kept],
        model_energies_ev=model.energies_ev,
        model_converged=model.converged,
        model_keeps_bonds=_keep_bonds(subject, model.positions_angstrom),
    )


def _keep_bonds(subject: Subject, positions_angstrom: np.ndarray) -> np.ndarray:
    """Return which geometries (G, N, 3), Å, have the bonds of the molecule."""
    keeps_bonds = subject.molecule.keeps_bonds
    found = [np.isfinite(placed).all() and keeps_bonds(placed) for placed in positions_angstrom]
    return np.array(found, dtype=bool)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare energies above the reference's lowest conformer with ``mae`` (kcal/mol).

    ``lowest`` limits the reference's energy of the conformer that the potential puts lowest, so
    that the order of two that differ by less counts as right.
    """
    counts = fields(record, "reference", "generated", "unusable")
    found, usable = len(record.reference_energies_ev), record.generated - record.unusable
    if usable < JUDGED_FRACTION * record.generated or found < 2:
        reason = f"the reference relaxed {usable} of {record.generated} conformers, to {found}"
        return inconclusive(f"{reason} different ones", evidence=counts)
    if broken := np.sum(~record.model_keeps_bonds):
        clause = f"the potential rearranges the bonds of {broken} of {found} conformers"
        return Judgement(Status.FAIL, clause, evidence=counts)
    if lost := np.sum(~record.model_converged):
        reason = f"{lost} of {found} conformers did not relax by the potential"
        return inconclusive(reason, evidence=counts)
    model, ideal = _relative(record)
    # Which is lowest is uncertain among those within the error of a relaxation.
    chosen = ideal[model <= model.min() + ERROR_KCAL_PER_MOL]
    measures = [
        Measure(
            f"the energies of {found} conformers above that lowest by "
            f"{short_name(record.reference)} differ from the reference's by a mean of",
            float(np.abs(model - ideal)[1:].mean()),
            limits["mae"],
            half_width=ERROR_KCAL_PER_MOL,
        ),
        Measure(
            f"the conformer that the potential puts lowest is above the lowest by "
            f"{short_name(record.reference)} by",
            float(chosen.min() + chosen.max()) / 2.0,
            limits["lowest"],
            half_width=float(np.ptp(chosen)) / 2.0,
        ),
    ]
    energies = {"model_kcal_per_mol": model, "reference_kcal_per_mol": ideal}
    return judged(measures, evidence=counts | energies)


def _relative(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return the energies by both, kcal/mol, above the reference's lowest conformer."""
    both = record.model_energies_ev, record.reference_energies_ev
    model, ideal = (kcal_per_mol_from_ev(energies_ev - energies_ev[0]) for energies_ev in both)
    return model, ideal


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energies of the conformers by both."""
    if len(record.reference_energies_ev) < 2:
        return []
    model, ideal = _relative(record)
    ends = np.array([0.0, ideal.max()])
    equal, zero = Line(ends, ends, "equal", "ink", "dashed"), Level(0.0, "", "muted", "dotted")
    marks: list[Mark] = [equal, zero, Points(ideal, model, "conformers", 0)]
    axes = Axis("Reference (kcal/mol)"), Axis("Potential (kcal/mol)")
    return [Plot("Conformers", [Panel(*axes, marks)], name="conformers")]


CHECK = define(
    __name__,
    formula="up to ten conformers (RDKit's ETKDGv3 and MMFF94), relaxed by the reference, then by "
    "the potential: mean |ΔE − ΔE_ref| above the reference's lowest, and ΔE_ref of the potential's "
    "lowest. It costs some 30 evaluations of the potential and 100 of the reference for each",
    limits={"mae": "kcal/mol", "lowest": "kcal/mol"},
    source="Folmsbee & Hutchison, Int. J. Quantum Chem. 121 (2021) e26381; Wiggle150 (2025)",
    consequence="The molecule prefers another shape than with the reference, and spends its time "
    "in the wrong conformers.",
    remedy="Add conformers, relaxed and labelled by the reference, to the training data.",
    needs=("minimum", "reference"),
)
