"""Compare two computations of one potential on the same geometries."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, judged
from openmm_mlff.checks.inputs import too_many_refused
from openmm_mlff.config import Threshold
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

ATOMS_IN_ALL = 400  # of all geometries together; each atom is a comparison of its own

FEWEST = 4


@record
class Comparison:
    """The largest differences of several pairs of computations; NaN where one is not finite.

    Energies are in meV/atom; those of forces are lengths, of one atom, in eV/Å.  Geometries that
    the potential `refused` were not compared.
    """

    dtype: str
    energy_differences: np.ndarray = array("pairs")
    force_differences: np.ndarray = array("pairs")
    refused: np.ndarray = array("geometries")
    refusals: tuple[str, ...] = ()


def compared_geometries(subject: Subject, *, molecule: MolecularSystem | None = None) -> np.ndarray:
    """Return displaced geometries (G, N, 3), Å: the protocol's number, fewer of a large system."""
    n_atoms = (molecule or subject.molecule).n_atoms
    count = min(subject.spec.geometries, max(FEWEST, ATOMS_IN_ALL // n_atoms))
    return subject.displaced(count, molecule=molecule)


def largest_differences(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], *, n_atoms: int
) -> tuple[float, float]:
    """Return the largest difference of energies, meV/atom, and of one atom's force, eV/Å.

    Both computations are energies (..., G), eV, and forces (..., G, N, 3), eV/Å; a difference is
    NaN where a value is not finite.
    """
    with np.errstate(invalid="ignore"):
        energies_ev, forces = (one - other for one, other in zip(first, second, strict=True))
        return (
            float(np.abs(energies_ev).max(initial=0.0)) * MEV_PER_EV / n_atoms,
            float(np.linalg.norm(forces, axis=-1).max(initial=0.0)),
        )


def judge_comparison(
    record: Comparison,
    *,
    pairs: Sequence[str],
    force_limits: Sequence[Threshold],
    energy_limit: Threshold,
    evidence: Mapping[str, Any],
    note: str = "",
) -> Judgement:
    """Return PASS where every difference is within its limit; INCONCLUSIVE where many are missing.

    `pairs` says for the sentence what differs from what; each has its own limit of forces.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    measures = []
    for pair, limit, force, energy in zip(
        pairs, force_limits, record.force_differences, record.energy_differences, strict=True
    ):
        measures.append(Measure(f"forces {pair} by up to", force, limit))
        measures.append(Measure(f"energies {pair} by up to", energy, energy_limit))
    counted = {"dtype": record.dtype, "geometries": int((~record.refused).sum())}
    evidence = {**counted, **evidence}
    return judged(measures, evidence=evidence, note=note, refused=record.refused)
