"""Is the energy of two distant copies twice that of one?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, judged
from openmm_mlff.checks.inputs import largest, largest_norm, refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, detection_limit, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.molecules import two_copies
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

GAP_ANGSTROM = 100.0


@record
class Record(Noisy):
    """Two copies of N atoms against one, at G geometries.

    Attributes:
        gap_angstrom: between the copies.
        energy_excess_ev: E(AB) − 2 E(A).
        force_changes: F(AB) − F(A), eV/Å.
        refused: where the potential refused either.
    """

    gap_angstrom: float
    energy_excess_ev: np.ndarray = array("geometries")
    force_changes: np.ndarray = array("geometries", 2, "N", 3)
    refused: np.ndarray = array("geometries")


def measure(subject: "Subject") -> Record | NotApplicable:
    """Evaluate every geometry alone, and beside a copy 100 Å away along x."""
    if not subject.potential.composition_is_free:
        return NotApplicable("the potential has the atoms of one molecule built in")
    if subject.molecule.is_periodic:
        return NotApplicable("periodic_consistency doubles the box")
    geometries = subject.geometries()
    shift = np.array([GAP_ANGSTROM + np.ptp(geometries[..., 0]), 0.0, 0.0])
    one = subject.evaluate(geometries)
    two = subject.evaluate(
        np.concatenate([geometries, geometries + shift], axis=1),
        molecule=two_copies(subject.molecule, shift_angstrom=shift),
    )
    forces = two.forces_ev_per_angstrom.reshape(len(geometries), 2, -1, 3)
    return Record(
        gap_angstrom=GAP_ANGSTROM,
        energy_excess_ev=two.energies_ev - 2.0 * one.energies_ev,
        force_changes=forces - one.forces_ev_per_angstrom[:, None],
        refused=one.refused | two.refused,
        refusals=(*one.reasons, *two.reasons)[:10],
        **noise_of(subject),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest differences with their limits."""
    undecided = too_many_refused(record.refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    excess = record.energy_excess_ev[~record.refused] * MEV_PER_EV
    forces = record.force_changes[~record.refused] * MEV_PER_EV
    apart = f"a copy {record.gap_angstrom:g} Å away"
    noise = record.energy_noise_ev, record.force_noise_ev_per_angstrom
    return judged(
        [
            Measure(f"{apart} changes the energy by up to", largest(excess), limits["energy"]),
            Measure(f"{apart} changes the forces by up to", largest_norm(forces), limits["forces"]),
        ],
        evidence={
            "energy_excess_mev_by_geometry": record.energy_excess_ev * MEV_PER_EV,
            **detection_limit(*noise, n_atoms=1),
        },
        note=refusal_note(record.refused),
    )


CHECK = Check(
    id="size_extensivity",
    group="surface",
    question="Is the energy of two distant copies twice that of one?",
    formula="max |E(AB) − 2 E(A)|, max |F(AB) − F(A)| at 100 Å",
    unit="meV",
    limits={"energy": "meV", "forces": "meV/Å"},
    source="ml-peg calls 10 meV and 5 meV/Å bad",
    consequence="Distant molecules act on each other: the energy of a box is not the sum of its "
    "parts, and a validation of one molecule says nothing about many.",
    remedy="Make the energy a sum over atoms that each see a finite neighbourhood; avoid pooling, "
    "normalisation and attention over the whole system.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "trajectories", "noise"),
)
