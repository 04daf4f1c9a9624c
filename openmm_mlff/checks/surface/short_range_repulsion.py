"""Do atoms repel each other at contact?"""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.checks.surface.scans import Scan, element_pairs, pair_scan, two_atoms
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

SHORTEST_ANGSTROM = 0.3
ASIDE_ANGSTROM = 8.0
"""Where the atoms are fixed by the file, an unbonded pair is pushed together this far outside."""


@record
class Record(Noisy):
    """Energies of pairs of elements pushed together.

    Attributes:
        pairs: elements of each pair, heavy first.
        pair: index of the pair of each point.
        distances_angstrom: of each point, ascending within a pair.
        energies_ev: of each point; NaN where refused.
        refused: where the potential refused to answer.
    """

    pairs: tuple[str, ...]
    pair: np.ndarray = array("points")
    distances_angstrom: np.ndarray = array("points")
    energies_ev: np.ndarray = array("points")
    refused: np.ndarray = array("points")

    def walls(self) -> "list[Wall]":
        """Return the wall of each pair."""
        return [find_wall(self, index=k) for k in range(len(self.pairs))]


@dataclass(frozen=True)
class Wall:
    """The energy of one pair of elements on the way in.

    Attributes:
        pair: its name.
        height_ev: energy at the shortest distance above the lowest.
        hole_ev: deepest fall behind a maximum, inwards or outwards of the lowest point.
        lowest_angstrom: where the energy is lowest.
        hole_angstrom: where the deepest fall ends.
    """

    pair: str
    height_ev: float
    hole_ev: float
    lowest_angstrom: float
    hole_angstrom: float


def measure(subject: "Subject") -> Record | NotApplicable:
    """Push every pair of elements together, from the sum of the covalent radii to 0.3 Å.

    Two atoms alone where the composition is free, in a large cell where the molecule has a cell;
    else a pair of the molecule: a bonded one along its bond, an unbonded one taken out of the
    molecule first.

    Args:
        subject: what is measured.

    Returns:
        The energies.
    """
    molecule, potential = subject.molecule, subject.potential
    if potential.has_force_field:
        return NotApplicable(
            "a force field holds bonded atoms apart by its own terms or fixes their distance; "
            "validate the potential alone on the molecule that it describes"
        )
    if molecule.n_atoms < 2 and not potential.composition_is_free:
        return NotApplicable("the potential is built for a single atom")
    scans = [
        scan for pair in element_pairs(molecule) if (scan := _pair_scan(subject, *pair)) is not None
    ]
    found = [
        subject.evaluate(scan.place(scan.coordinates), molecule=scan.molecule) for scan in scans
    ]
    return Record(
        pairs=tuple(scan.name for scan in scans),
        pair=np.repeat(np.arange(len(scans)), [len(scan.coordinates) for scan in scans]),
        distances_angstrom=np.concatenate([scan.coordinates for scan in scans]),
        energies_ev=np.concatenate([points.energies_ev for points in found]),
        refused=np.concatenate([points.refused for points in found]),
        refusals=tuple(reason for points in found for reason in points.reasons)[:10],
        **noise_of(subject),
    )


def _pair_scan(subject: "Subject", first: int, second: int) -> Scan | None:
    """Return how a pair of elements is pushed together; None where the molecule has no such."""
    molecule = subject.molecule
    pair = two_atoms(first, second, in_cell=molecule.is_periodic)
    covalent_sum = float(pair.positions_angstrom[1, 0])
    distances = np.arange(SHORTEST_ANGSTROM, covalent_sum, subject.spec.scan_step_angstrom)
    if subject.potential.composition_is_free:
        return pair_scan(pair, distances_angstrom=distances)
    atoms = _atoms_of(molecule, first, second)
    if atoms is None:
        return None
    return pushed_together(molecule, atoms, name=pair.name, distances_angstrom=distances)


def _atoms_of(molecule: MolecularSystem, first: int, second: int) -> tuple[int, int] | None:
    """Return two atoms of these elements, bonded ones before others, near ones before far ones."""
    numbers, positions = molecule.atomic_numbers, molecule.positions_angstrom
    found = [
        (i, j)
        for i, j in combinations(range(molecule.n_atoms), 2)
        if {int(numbers[i]), int(numbers[j])} == {first, second}
    ]
    bonded = set(molecule.bonds)

    def order(pair: tuple[int, int]) -> tuple[bool, float]:
        distance = float(np.linalg.norm(positions[pair[0]] - positions[pair[1]]))
        return pair not in bonded, distance

    return min(found, key=order, default=None)


def pushed_together(
    molecule: MolecularSystem,
    pair: tuple[int, int],
    *,
    name: str,
    distances_angstrom: np.ndarray,
) -> Scan:
    """Return the scan of the distance of two atoms of a molecule.

    A bonded atom moves along its bond.  An unbonded pair is taken out of the molecule first, so
    that no third atom is in the way; in a box, which has no outside, it stays where it is.

    Args:
        molecule: at its minimum.
        pair: i and j.
        name: of the scan.
        distances_angstrom: (P,).

    Returns:
        The scan; its coordinate is the distance.
    """
    i, j = pair
    start = np.array(molecule.positions_angstrom)
    tangent = np.zeros_like(start)
    tangent[j] = (start[j] - start[i]) / np.linalg.norm(start[j] - start[i])
    unbonded = (min(pair), max(pair)) not in set(molecule.bonds)
    if unbonded and molecule.n_atoms > 2 and not molecule.is_periodic:
        outward = 0.5 * (start[i] + start[j]) - start.mean(axis=0)
        length = np.linalg.norm(outward)
        outward = outward / length if length > 1e-3 else np.array([0.0, 0.0, 1.0])
        extent = float(np.linalg.norm(start - start.mean(axis=0), axis=1).max())
        start[i] += (extent + ASIDE_ANGSTROM) * outward
    start[j] = start[i]
    return Scan(name, "pushed", molecule, distances_angstrom, start, tangent, np.array([pair]))


def judge(record: Record, limits: Limits) -> Judgement:
    """Follow the energy of every pair of elements from its covalent distance to 0.3 Å.

    From its lowest point the energy must rise all the way in, to at least the wall's height, and
    must have no maximum on either side: max over r of (highest energy nearer the lowest point −
    E(r)).

    Args:
        record: the energies.
        limits: ``wall`` (eV), which must be reached; ``hole`` (eV).

    Returns:
        PASS where every pair has a wall and no hole.
    """
    if not record.pairs:
        return inconclusive("no pair of elements could be pushed together")
    refused = record.refused.astype(bool)
    undecided = too_many_refused(refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    walls = record.walls()
    measures = []
    for wall in walls:
        rises = f"pushed to 0.3 Å, the pair {wall.pair} rises above its lowest energy by"
        falls = (
            f"on the way to contact the energy of the pair {wall.pair} has a maximum and falls "
            f"behind it (at {wall.hole_angstrom:.2f} Å) by"
        )
        measures += [
            Measure(rises, wall.height_ev, limits["wall"], at_least=True),
            Measure(falls, wall.hole_ev, limits["hole"]),
        ]
    return judged(
        measures,
        evidence={
            "pairs": [vars(wall) for wall in walls],
            "detection_limit": DETECTABLE_SIGMAS * np.sqrt(2.0) * record.energy_noise_ev,
        },
        note=refusal_note(refused),
    )


def find_wall(record: Record, *, index: int) -> Wall:
    """Measure the wall of one pair; NaN where an energy is not finite or the end was refused."""
    here = record.pair == index
    refused = record.refused[here].astype(bool)
    distances, energies = (
        record.distances_angstrom[here][~refused],
        record.energies_ev[here][~refused],
    )
    pair, nothing = record.pairs[index], float("nan")
    if not len(energies) or not np.isfinite(energies).all():
        return Wall(pair, nothing, nothing, nothing, nothing)
    lowest = int(np.argmin(energies))
    falls = np.concatenate(
        [_falls(energies[: lowest + 1][::-1])[::-1], _falls(energies[lowest:])[1:]]
    )
    deepest = int(np.argmax(falls))
    return Wall(
        pair=pair,
        height_ev=float(energies[0] - energies[lowest]) if not refused[0] else nothing,
        hole_ev=float(falls[deepest]),
        lowest_angstrom=float(distances[lowest]),
        hole_angstrom=float(distances[deepest]),
    )


def _falls(energies: np.ndarray) -> np.ndarray:
    """Return how far below the highest energy before it each point lies."""
    return np.asarray(np.maximum.accumulate(energies) - energies)


CHECK = Check(
    id="short_range_repulsion",
    group="surface",
    question="Do atoms repel each other at contact?",
    formula="E(0.3 Å) − min E for every pair of elements; no maximum between 0.3 Å and the sum of "
    "covalent radii",
    unit="eV",
    limits={"wall": "eV", "hole": "eV"},
    source="diatomics of ml-peg and MLIP Arena",
    consequence="Two atoms that collide, in a hot run, at a bad start or in a barostat's move, "
    "fall into each other, and the simulation ends in nonsense.",
    remedy="Add a repulsive core (ZBL, for example) to the model, or pairs at short distance to "
    "the training data.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
