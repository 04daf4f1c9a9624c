"""Does the minimum have the shape of the reference's?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.config import Limits, short_name
from openmm_mlff.molecules import name_atoms
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import ReferenceMinimum
from openmm_mlff.storage.typed import array, record

FEWEST_HEAVY_ATOMS = 3  # two points superpose on any two others; below three, hydrogens count too


@record
class Record(ReferenceMinimum):
    """Both minima, with their atomic numbers and bonds (pairs of atoms)."""

    atomic_numbers: np.ndarray = array("N")
    bonds: np.ndarray = array("B", 2)


def measure(subject: Subject) -> Record | NotApplicable:
    """Return the reference's minimum, relaxed from the potential's."""
    molecule = subject.molecule
    if molecule.n_atoms < 2:
        return NotApplicable("a single atom has no shape")
    found = subject.reference_minimum
    if isinstance(found, NotApplicable):
        return found
    bonds = np.array(molecule.bonds, dtype=int).reshape(-1, 2)
    return Record(**vars(found), atomic_numbers=molecule.atomic_numbers, bonds=bonds)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare ``rmsd`` and ``bond`` (Å); INCONCLUSIVE where a minimisation did not converge."""
    if not (record.model_converged and record.converged):
        whose = "the reference" if record.model_converged else "the potential"
        reason = f": {record.reason}" if record.reason else ""
        return inconclusive(f"the minimisation of {whose} did not converge{reason}")
    model, ideal = record.model_positions_angstrom, record.positions_angstrom
    compared, which = np.flatnonzero(record.atomic_numbers > 1), "heavy-atom"
    if len(compared) < FEWEST_HEAVY_ATOMS:
        compared, which = np.arange(len(model)), "all-atom"
    rmsd = superposed_rmsd(model[compared], reference=ideal[compared])
    name = short_name(record.reference)
    clause = f"the minimum differs from that of {name} by a {which} RMSD of"
    measures = [Measure(clause, rmsd, limits["rmsd"])]
    if len(record.bonds):
        i, j = record.bonds.T
        lengths = [np.linalg.norm(placed[i] - placed[j], axis=1) for placed in (model, ideal)]
        differences = np.abs(lengths[0] - lengths[1])
        worst = int(np.argmax(differences))
        named = name_atoms(record.atomic_numbers, record.bonds[worst])
        clause = f"the bond {named} at the minimum differs from that of {name} by"
        measures.append(Measure(clause, float(differences[worst]), limits["bond"]))
    return judged(measures, evidence={"reference": record.reference})


def superposed_rmsd(positions_angstrom: np.ndarray, *, reference: np.ndarray) -> float:
    """Return the smallest RMSD, Å, over all translations and proper rotations of (n, 3), Å.

    Kabsch, Acta Cryst. A 32, 922 (1976): the best rotation is U diag(1, 1, d) Vᵀ, with the singular
    value decomposition XᵀY = U S Vᵀ and d = det(U Vᵀ), which keeps it proper: a mirror image is
    another molecule.  NaN where a coordinate is not finite.
    """
    if not (np.isfinite(positions_angstrom).all() and np.isfinite(reference).all()):
        return float("nan")
    x = positions_angstrom - positions_angstrom.mean(axis=0)
    y = reference - reference.mean(axis=0)
    left, _, right = np.linalg.svd(x.T @ y)
    left[:, 2] *= np.sign(np.linalg.det(left @ right))
    return float(np.sqrt(np.mean(np.sum((x @ left @ right - y) ** 2, axis=1))))


CHECK = define(
    __name__,
    formula="heavy-atom RMSD after superposition, max |r_ij − r_ij,ref| over covalent bonds",
    limits={"rmsd": "Å", "bond": "Å"},
    source="mlipaudit: 0.05 Å for bond lengths",
    consequence="Bond lengths and shapes are biased from the first step, and so are spectra, "
    "packing and all distances.",
    remedy="Add geometries near the minimum, labelled by the reference, to the training data.",
    needs=("minimum", "reference", "reference_minimum"),
)
