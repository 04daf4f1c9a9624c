"""Do atoms repel each other at contact?"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom
from openmm_mlff.probes.evaluation import Points, evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.noise import measure_noise
from openmm_mlff.probes.surface.placements import element_pairs, pair_name, pair_scan

SHORTEST_ANGSTROM = 0.3
ASIDE_ANGSTROM = 8.0
"""Where the atoms are fixed by the file, an unbonded pair is pushed together this far outside."""


def probe_short_range_repulsion(subject: ProbeSubject) -> ProbeOutcome:
    """Push every pair of elements together, from the sum of the covalent radii to 0.3 Å.

    Two atoms alone where the composition is free; else a pair of the molecule: a bonded one along
    its bond, an unbonded one drawn out of the molecule first.

    Args:
        subject: what to probe.

    Returns:
        For each pair k of the data's `pairs`: `distances_angstrom_k` (P,), `energies_ev_k` (P,)
        and `refused_k` (P,).
    """
    molecule = subject.molecule
    if subject.potential.has_force_field:
        return not_applicable(
            "a force field holds bonded atoms apart by its own terms or fixes their distance; "
            "validate the potential alone on the molecule that it describes"
        )
    if molecule.n_atoms < 2 and not subject.potential.composition_is_free:
        return not_applicable(f"{molecule.name} is a single atom")
    pairs: list[str] = []
    sums: list[float] = []
    refusals: list[Mapping[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for first, second in element_pairs(molecule):
        covalent_sum = float(covalent_radii_angstrom(np.array([first, second])).sum())
        distances = np.arange(SHORTEST_ANGSTROM, covalent_sum, subject.spec.scan_step_angstrom)
        found = _pushed(subject, first, second, distances=distances)
        if found is None:
            continue
        index = len(pairs)
        pairs.append(pair_name(first, second))
        sums.append(covalent_sum)
        refusals.append(found.refusals())
        arrays[f"distances_angstrom_{index}"] = distances
        arrays[f"energies_ev_{index}"] = found.energies_ev
        arrays[f"refused_{index}"] = found.refused
    data = {
        "pairs": pairs,
        "covalent_sums_angstrom": sums,
        "refusals": refusals,
        "in_the_molecule": not subject.potential.composition_is_free,
    }
    return ProbeOutcome(data=data, arrays={**arrays, **measure_noise(subject)})


def _pushed(
    subject: ProbeSubject, first: int, second: int, *, distances: np.ndarray
) -> Points | None:
    """Evaluate the pair at each distance; None where the molecule has no such pair."""
    if subject.potential.composition_is_free:
        step = subject.spec.scan_step_angstrom
        scan = pair_scan(first, second, start=distances[0], stop=distances[-1], step=step)
        return evaluate_each(subject, scan.molecule, scan.place(distances))
    pair = _pair_in(subject.molecule, first, second)
    if pair is None:
        return None
    placed = push_together(subject.molecule, pair=pair, distances_angstrom=distances)
    return evaluate_each(subject, subject.molecule, placed)


def _pair_in(molecule: MolecularSystem, first: int, second: int) -> tuple[int, int] | None:
    """Find two atoms of these elements, bonded ones before others, near ones before far ones."""
    numbers, positions = molecule.atomic_numbers, molecule.positions_angstrom
    found = [
        (i, j)
        for i, j in combinations(range(molecule.n_atoms), 2)
        if {int(numbers[i]), int(numbers[j])} == {first, second}
    ]
    if not found:
        return None
    bonded = set(molecule.bonds)

    def order(pair: tuple[int, int]) -> tuple[bool, float]:
        distance = float(np.linalg.norm(positions[pair[0]] - positions[pair[1]]))
        return pair not in bonded, distance

    return min(found, key=order)


def push_together(
    molecule: MolecularSystem, *, pair: tuple[int, int], distances_angstrom: np.ndarray
) -> np.ndarray:
    """Place two atoms of a molecule at given distances from each other.

    A bonded atom moves along its bond.  An unbonded pair is taken out of the molecule first, so
    that the way together leads through no third atom; in a box there is no outside, and it is
    pushed together where it is.

    Args:
        molecule: at its minimum.
        pair: i and j.
        distances_angstrom: (P,).

    Returns:
        (P, N, 3), Å.
    """
    i, j = pair
    start = np.array(molecule.positions_angstrom)
    towards = start[j] - start[i]
    towards /= np.linalg.norm(towards)
    unbonded = (min(pair), max(pair)) not in set(molecule.bonds)
    if unbonded and molecule.n_atoms > 2 and not molecule.is_periodic:
        outward = 0.5 * (start[i] + start[j]) - start.mean(axis=0)
        length = np.linalg.norm(outward)
        outward = outward / length if length > 1e-3 else np.array([0.0, 0.0, 1.0])
        extent = float(np.linalg.norm(start - start.mean(axis=0), axis=1).max())
        start[[i, j]] += (extent + ASIDE_ANGSTROM) * outward
    placed = np.repeat(start[None], len(distances_angstrom), axis=0)
    placed[:, j] = start[i] + distances_angstrom[:, None] * towards
    return placed
