"""Two computations of one potential: on which geometries they are compared, and how judged."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.config import Threshold
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject
    from openmm_mlff.molecules import MolecularSystem

ATOMS_IN_ALL = 400
"""Of all geometries together; each atom of each is a comparison of its own."""

FEWEST = 4


@record
class Comparison:
    """The largest differences of several pairs of computations.

    Attributes:
        dtype: of the weights.
        energy_differences: meV/atom; NaN where one is not finite.
        force_differences: lengths, of one atom's force, eV/Å.
        refused: geometries that the potential refused; the others were compared.
        refusals: why, for the first.
    """

    dtype: str
    energy_differences: np.ndarray = array("pairs")
    force_differences: np.ndarray = array("pairs")
    refused: np.ndarray = array("geometries")
    refusals: tuple[str, ...] = ()


def compared_geometries(
    subject: "Subject", *, molecule: "MolecularSystem | None" = None
) -> np.ndarray:
    """Return displaced geometries (G, N, 3), Å: the protocol's number, fewer of a large system."""
    n_atoms = (molecule or subject.molecule).n_atoms
    count = min(subject.spec.geometries, max(FEWEST, ATOMS_IN_ALL // n_atoms))
    return subject.displaced(count, molecule=molecule)


def energy_difference(first_ev: np.ndarray, second_ev: np.ndarray, *, n_atoms: int) -> float:
    """Return the largest difference of energies, meV/atom; NaN where one is not finite."""
    with np.errstate(invalid="ignore"):
        return float(np.abs(first_ev - second_ev).max(initial=0.0)) * MEV_PER_EV / n_atoms


def force_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the length of the largest difference of one atom's force, eV/Å, or NaN."""
    with np.errstate(invalid="ignore"):
        return float(np.linalg.norm(first - second, axis=-1).max(initial=0.0))


def judge_comparison(
    record: Comparison,
    *,
    pairs: Sequence[str],
    force_limits: Sequence[Threshold],
    energy_limit: Threshold,
    evidence: Mapping[str, Any],
    note: str = "",
) -> Judgement:
    """Judge the differences.

    Args:
        record: the differences.
        pairs: what differs from what, for the sentence.
        force_limits: one for each pair.
        energy_limit: of all.
        evidence: further numbers.
        note: for the sentence.

    Returns:
        PASS where every difference is within its limit.
    """
    undecided = too_many_refused(record.refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    measures = []
    for index, (pair, limit) in enumerate(zip(pairs, force_limits, strict=True)):
        measures += [
            Measure(f"forces {pair} by up to", record.force_differences[index], limit),
            Measure(f"energies {pair} by up to", record.energy_differences[index], energy_limit),
        ]
    counted = {"dtype": record.dtype, "geometries": int((~record.refused).sum())}
    notes = filter(None, (note, refusal_note(record.refused)))
    return judged(measures, evidence={**counted, **evidence}, note="; ".join(notes))
