"""Do hydrogen bonds of a molecule with water have the reference's strength?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import fields, too_few
from openmm_mlff.config import Limits, short_name
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.water_contacts import water_contacts
from openmm_mlff.plots import Axis, Level, Panel, Plot, of_both
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import kcal_per_mol_from_ev

DISTANCES_ANGSTROM = np.array([1.7, 1.8, 1.9, 2.0, 2.2, 2.5, 3.0])
"""Lengths of a hydrogen bond, from H to N or O."""

APART_ANGSTROM = 50.0


@record
class Record:
    """Energies of a molecule with a water less those 50 Å apart, of W contacts; NaN if refused."""

    reference: str
    contacts: tuple[str, ...]
    distances_angstrom: np.ndarray = array("distances")
    reference_energies_ev: np.ndarray = array("contacts", "distances")
    model_energies_ev: np.ndarray = array("contacts", "distances")
    model_refused: np.ndarray = array("contacts", "distances")
    energy_noise_ev: float


def measure(subject: Subject) -> Record | NotApplicable:
    """Move a rigid water along each hydrogen bond of the potential's minimum."""
    molecule, potential = subject.molecule, subject.potential
    if molecule.is_periodic or molecule.fragments != 1:
        return NotApplicable("it is not one molecule")
    if not potential.composition_is_free:
        return NotApplicable("the potential has the atoms of one molecule built in")
    contacts = water_contacts(molecule, distance_angstrom=float(DISTANCES_ANGSTROM[0]))
    if not contacts:
        return NotApplicable("no N or O of it can form a hydrogen bond with water")
    waters = np.array(
        [
            [one.water_angstrom(distance) for distance in (*DISTANCES_ANGSTROM, APART_ANGSTROM)]
            for one in contacts
        ]
    )
    alone = np.broadcast_to(
        molecule.positions_angstrom, (*waters.shape[:2], *molecule.positions_angstrom.shape)
    )
    placed = np.concatenate([alone, waters], axis=2)
    pair = _with_water(molecule, placed[0, 0])
    try:
        potential.check_molecule(pair)
        subject.reference.potential.check_molecule(pair)
    except PotentialError as error:
        return NotApplicable(f"with a water it cannot be evaluated: {error}")
    model = subject.evaluate(placed, molecule=pair)
    ideal = subject.reference.evaluate(placed, molecule=pair)
    return Record(
        reference=subject.reference.spec,
        contacts=tuple(one.name for one in contacts),
        distances_angstrom=DISTANCES_ANGSTROM,
        reference_energies_ev=ideal.energies_ev[:, :-1] - ideal.energies_ev[:, -1:],
        model_energies_ev=model.energies_ev[:, :-1] - model.energies_ev[:, -1:],
        model_refused=model.refused[:, :-1] | model.refused[:, -1:],
        energy_noise_ev=subject.noise.energy_ev,
    )


def _with_water(molecule: MolecularSystem, positions_angstrom: np.ndarray) -> MolecularSystem:
    oxygen = molecule.n_atoms
    return MolecularSystem(
        name=f"{molecule.name} and water",
        atomic_numbers=np.append(molecule.atomic_numbers, [8, 1, 1]),
        positions_angstrom=positions_angstrom,
        charge=molecule.charge,
        multiplicity=molecule.multiplicity,
        bonds=(*molecule.bonds, (oxygen, oxygen + 1), (oxygen, oxygen + 2)),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare |E − E_ref| where E_ref is lowest, of the worst contact, with ``worst``."""
    evidence = fields(record, "reference", "distances_angstrom")
    used = np.isfinite(record.reference_energies_ev) & ~record.model_refused
    reason = f"{used.sum()} of {used.size} energies were evaluated by both"
    if undecided := too_few(used.sum(), used.size, reason, evidence=evidence):
        return undecided
    known = used.any(axis=1)
    rows = np.flatnonzero(known)
    best = np.where(used, record.reference_energies_ev, np.inf)[known].argmin(axis=1)
    model = kcal_per_mol_from_ev(record.model_energies_ev[rows, best])
    ideal = kcal_per_mol_from_ev(record.reference_energies_ev[rows, best])
    names = [record.contacts[row] for row in rows]
    worst = int(np.argmax(np.nan_to_num(np.abs(model - ideal), nan=np.inf)))
    # A difference of two energies, at 95 %.
    noise = float(kcal_per_mol_from_ev(2.0 * np.sqrt(2.0) * record.energy_noise_ev))
    measure = Measure(
        f"where {names[worst]} a hydrogen bond of water, {-model[worst]:.3g} kcal/mol against "
        f"{-ideal[worst]:.3g} by {short_name(record.reference)}, the energies differ by",
        float(abs(model - ideal)[worst]),
        limits["worst"],
        half_width=noise,
    )
    evidence |= {
        "contacts": names,
        "model_kcal_per_mol": model,
        "reference_kcal_per_mol": ideal,
        "mean_error_kcal_per_mol": float(np.abs(model - ideal).mean()),
    }
    return judged([measure], evidence=evidence, refused=record.model_refused)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energy of each contact against its length by both."""
    panels = []
    for row, name in enumerate(record.contacts):
        curves = record.model_energies_ev[row], record.reference_energies_ev[row]
        model, ideal = (kcal_per_mol_from_ev(energies_ev) for energies_ev in curves)
        if np.isfinite(model).any() and np.isfinite(ideal).any():
            both = of_both(record.distances_angstrom, model, ideal, markers=True)
            marks = [Level(0.0, "", "muted", "dotted"), *both]
            axes = Axis("Length (Å)"), Axis("Energy (kcal/mol)")
            panels.append(Panel(*axes, marks, name))
    if not panels:
        return []
    caption = "A rigid water at the potential's minimum; the length is from H to N or O."
    return [Plot("Hydrogen bonds with water", panels, caption, "hydration", min(len(panels), 3))]


CHECK = define(
    __name__,
    formula="E(d) − E(50 Å) of a rigid water that donates to each N and O, and accepts from each "
    "of their hydrogens, at most 8, for lengths of 1.7 to 3 Å: |E − E_ref| where E_ref is lowest. "
    "It costs 8 evaluations of both for each",
    limits={"worst": "kcal/mol"},
    source="target data of CGenFF: Vanommeslaeghe et al., J. Comput. Chem. 31, 671 (2010)",
    consequence="The molecule is held too strongly or too weakly in water and in a binding site.",
    remedy="Add the molecule with single waters, labelled by the reference, to the training data.",
    needs=("minimum", "noise", "reference"),
)
