"""Does an ML/MM system add up, and does its interpolation end where it should?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement
from openmm_mlff.checks.parity.comparison import (
    Comparison,
    energy_difference,
    force_difference,
    judge_comparison,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

MOST_GEOMETRIES = 4
"""The Reference platform takes about a second for each with a thousand atoms."""

EQUALITIES = (
    ("in the mixed system", "mixed", "the sum of its parts", "sum"),
    ("at λ = 0", "lambda_0", "the force field's", "mm"),
    ("at λ = 1", "lambda_1", "the mixed system's", "mixed"),
    ("at λ = 1/2", "lambda_half", "the mean of both ends", "mean"),
)
"""Where, and which two of the systems of :meth:`Paths.mixing` must agree."""


@record
class Record(Comparison):
    """Differences between the two sides of the :data:`EQUALITIES`; energies per ML atom.

    Attributes:
        n_ml_atoms: the solvent must not dilute a term of theirs that is lost.
    """

    n_ml_atoms: int


def measure(subject: "Subject") -> Record | NotApplicable:
    """Evaluate an ML/MM system, its parts and its interpolation, at the minimum and beside it."""
    if not subject.potential.is_mixed:
        return NotApplicable(
            f"{subject.potential.spec} describes all atoms; there is no force field to mix it with"
        )
    count = min(subject.spec.geometries, MOST_GEOMETRIES) - 1
    minimum = subject.molecule.positions_angstrom[None]
    geometries = np.concatenate([minimum, subject.displaced(count)])
    points = subject.evaluate(geometries, precision="double")
    n_ml_atoms, found = subject.paths.mixing(geometries[~points.refused])
    energies_ev = {name: evaluated.energies_ev for name, evaluated in found.items()}
    forces = {name: evaluated.forces_ev_per_angstrom for name, evaluated in found.items()}
    for values in (energies_ev, forces):
        values["mean"] = 0.5 * (values["lambda_0"] + values["lambda_1"])
    pairs = [(first, second) for _, first, _, second in EQUALITIES]
    return Record(
        dtype="float64",
        energy_differences=np.array(
            [
                energy_difference(energies_ev[first], energies_ev[second], n_atoms=n_ml_atoms)
                for first, second in pairs
            ]
        ),
        force_differences=np.array(
            [force_difference(forces[first], forces[second]) for first, second in pairs]
        ),
        refused=points.refused,
        refusals=points.reasons,
        n_ml_atoms=n_ml_atoms,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the differences of all four equalities with their limits."""
    return judge_comparison(
        record,
        pairs=[f"{where} differ from {meaning}" for where, _, meaning, _ in EQUALITIES],
        force_limits=[limits["forces"]] * len(EQUALITIES),
        energy_limit=limits["energy"],
        evidence={"n_ml_atoms": record.n_ml_atoms},
        note=f"{record.n_ml_atoms} ML atoms",
    )


CHECK = Check(
    id="interpolation_ends",
    group="parity",
    question="Does an ML/MM system add up, and end where its interpolation should?",
    formula="E_mixed = E_MM(all) − E_MM(ML) + E_ML(ML); E(λ=0) = E_MM, E(λ=1) = E_mixed, "
    "E(λ=½) their mean; energies over the number of ML atoms",
    unit="meV/atom",
    limits={"energy": "meV/atom", "forces": "eV/Å"},
    source="an identity of mechanical embedding; the limits are a margin over the error of PME",
    consequence="A term is counted twice or lost between potential and force field; free energies "
    "by interpolation start or end at another system than the one that is meant.",
    remedy="The evidence lists which equality breaks; check the selection of the ML atoms, the "
    "force field's terms on them, and the version of openmm-ml.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum",),
)
