"""Is an ML/MM system the sum of its parts, and is its interpolation right at the ends?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define
from openmm_mlff.checks.parity.comparison import Comparison, judge_comparison, largest_differences
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import record

MOST_GEOMETRIES = 4  # with a thousand atoms the Reference platform takes about a second for each

EQUALITIES = (
    ("in the mixed system", "mixed", "the sum of its parts", "sum"),
    ("at λ = 0", "lambda_0", "the force field's", "mm"),
    ("at λ = 1", "lambda_1", "the mixed system's", "mixed"),
    ("at λ = 1/2", "lambda_half", "the mean of both ends", "mean"),
)
"""Where two of the systems of :meth:`Paths.mixing` must agree, and which."""


@record
class Record(Comparison):
    """Differences between the two sides of the :data:`EQUALITIES`.

    Energies are per ML atom, so that solvent does not dilute a lost term.
    """

    n_ml_atoms: int


def measure(subject: Subject) -> Record | NotApplicable:
    """Evaluate an ML/MM system, its parts and its interpolation, at the minimum and beside it."""
    if not subject.potential.is_mixed:
        whole = f"{subject.potential.spec} describes all atoms"
        return NotApplicable(f"{whole}; there is no force field to mix it with")
    count = min(subject.spec.geometries, MOST_GEOMETRIES) - 1
    minimum = subject.molecule.positions_angstrom[None]
    geometries = np.concatenate([minimum, subject.displaced(count)])
    points = subject.evaluate(geometries, precision="double")
    n_ml_atoms, mixing = subject.paths.mixing(geometries[~points.refused])
    found = {name: (one.energies_ev, one.forces_ev_per_angstrom) for name, one in mixing.items()}
    if "lambda_0" in found:
        ends = found["lambda_0"], found["lambda_1"]
        found["mean"] = 0.5 * (ends[0][0] + ends[1][0]), 0.5 * (ends[0][1] + ends[1][1])
    differences = [
        largest_differences(found[first], found[second], n_atoms=n_ml_atoms)
        for _, first, _, second in EQUALITIES
        if first in found
    ]
    energies, forces = np.transpose(differences)
    return Record(
        dtype="float64",
        energy_differences=energies,
        force_differences=forces,
        refused=points.refused,
        refusals=points.reasons,
        n_ml_atoms=n_ml_atoms,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Judge the differences of all four equalities, or of the first without interpolation."""
    count = len(record.energy_differences)
    return judge_comparison(
        record,
        pairs=[f"{where} differ from {meaning}" for where, _, meaning, _ in EQUALITIES[:count]],
        force_limits=[limits["forces"]] * count,
        energy_limit=limits["energy"],
        evidence={"n_ml_atoms": record.n_ml_atoms},
        note=f"{record.n_ml_atoms} ML atoms"
        + ("" if count == len(EQUALITIES) else "; openmm-ml cannot interpolate this force field"),
    )


CHECK = define(
    __name__,
    formula="E_mixed = E_MM(all) − E_MM(ML) + E_ML(ML); E(λ=0) = E_MM, E(λ=1) = E_mixed, "
    "E(λ=½) their mean; energies over the number of ML atoms",
    limits={"energy": "meV/atom", "forces": "eV/Å"},
    source="an identity of mechanical embedding; the limits are a margin over the error of PME",
    consequence="A term is counted twice or omitted between potential and force field; free "
    "energies by interpolation start or end at a different system.",
    remedy="The evidence lists which equality fails; check the selection of the ML atoms, the "
    "force field's terms on them, and the version of openmm-ml.",
    needs=("minimum",),
)
