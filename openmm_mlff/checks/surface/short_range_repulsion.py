"""Do atoms repel each other at contact?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.checks.surface.scans import Scan, element_pairs, pair_scan, two_atoms
from openmm_mlff.checks.surface.walls import SHORTEST_ANGSTROM, Wall, find_wall
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom, pairs_within
from openmm_mlff.molecules.boxes import nearest_images
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

LONGEST_RATIO = 1.5
"""Scans start at this many times the sum of the covalent radii."""

COARSER = 5
"""Steps outside the sum of the covalent radii are this many times longer: no wall stands there."""

INSIDE = " in the molecule"
"""Ends the name of a scan inside the molecule."""

NEIGHBOUR_ANGSTROM = 4.0
"""Pairs of a molecule that are farther apart than this are not pushed together inside it."""


@record
class Record(Noisy):
    """Energies of pairs of elements pushed together.

    Attributes:
        pairs: name of each scan: its elements, heavy first, and whether it is in the molecule.
        covalent_sums_angstrom: of the two atoms of each scan.
        pair: index of the scan of each point.
        distances_angstrom: of each point, ascending within a scan.
        energies_ev: of each point; NaN where refused.
        refused: where the potential refused to answer.
    """

    pairs: tuple[str, ...]
    covalent_sums_angstrom: np.ndarray = array("scans")
    pair: np.ndarray = array("points")
    distances_angstrom: np.ndarray = array("points")
    energies_ev: np.ndarray = array("points")
    refused: np.ndarray = array("points")

    def walls(self) -> list[Wall]:
        """Return the wall of each scan."""
        return [
            find_wall(
                pair,
                self.distances_angstrom[self.pair == k],
                self.energies_ev[self.pair == k],
                refused=self.refused[self.pair == k].astype(bool),
                covalent_sum_angstrom=float(self.covalent_sums_angstrom[k]),
            )
            for k, pair in enumerate(self.pairs)
        ]


def measure(subject: "Subject") -> Record | NotApplicable:
    """Push every pair of elements together, to 0.3 Å.

    Two atoms alone where the composition is free, in a large cell where the molecule has a cell;
    and two atoms of the molecule towards each other, bonded ones before others.

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
    step = subject.spec.scan_step_angstrom
    scans = []
    if potential.composition_is_free:
        for elements in element_pairs(molecule):
            pair = two_atoms(*elements, in_cell=molecule.is_periodic)
            distances = way_in(float(pair.positions_angstrom[1, 0]), step=step)
            scans.append(pair_scan(pair, distances_angstrom=distances))
    scans += inner_scans(molecule, step=2.0 * step)
    found = [
        subject.evaluate(scan.place(scan.coordinates), molecule=scan.molecule) for scan in scans
    ]
    crossing = [scan.molecule.atomic_numbers[scan.crossing[0]] for scan in scans]
    return Record(
        pairs=tuple(scan.name for scan in scans),
        covalent_sums_angstrom=covalent_radii_angstrom(
            np.array(crossing, dtype=np.int64).reshape(-1, 2)
        ).sum(axis=1),
        pair=np.repeat(np.arange(len(scans)), [len(scan.coordinates) for scan in scans]),
        distances_angstrom=np.concatenate([[], *(scan.coordinates for scan in scans)]),
        energies_ev=np.concatenate([[], *(points.energies_ev for points in found)]),
        refused=np.concatenate([[], *(points.refused for points in found)]).astype(bool),
        refusals=tuple(reason for points in found for reason in points.reasons)[:10],
        **noise_of(subject),
    )


def way_in(covalent_sum_angstrom: float, *, step: float, start_angstrom: float = 0.0) -> np.ndarray:
    """Return distances from 0.3 Å to 1.5 times the covalent sum, (P,), Å, ascending.

    Args:
        covalent_sum_angstrom: of the two atoms.
        step: between points inside that sum, Å.
        start_angstrom: where the atoms come from, which is included where it is farther out.

    Returns:
        The distances.
    """
    inside = np.arange(SHORTEST_ANGSTROM, covalent_sum_angstrom - 0.5 * step, step)
    end = max(LONGEST_RATIO * covalent_sum_angstrom, start_angstrom + COARSER * step)
    return np.concatenate([inside, np.arange(covalent_sum_angstrom, end, COARSER * step)])


def inner_scans(molecule: MolecularSystem, *, step: float) -> list[Scan]:
    """Return scans that push two atoms of the molecule together, one for each pair of elements.

    Args:
        molecule: at its minimum.
        step: between points inside the covalent sum, Å.

    Returns:
        The scans; a pair of elements that has no two atoms within 4 Å has none.
    """
    pairs, distances = pairs_within(
        molecule.positions_angstrom,
        cutoff_angstrom=NEIGHBOUR_ANGSTROM,
        cell_angstrom=molecule.cell_angstrom,
    )
    bonded = set(molecule.bonds)
    unbonded = np.array([(int(i), int(j)) not in bonded for i, j in pairs], dtype=bool)
    elements = np.sort(molecule.atomic_numbers[pairs].reshape(-1, 2), axis=1)
    scans = []
    for first, second in element_pairs(molecule):
        alike = np.flatnonzero((elements == [first, second]).all(axis=1))
        if len(alike):
            # Bonded ones before others, near ones before far ones.
            best = alike[np.lexsort((distances[alike], unbonded[alike]))[0]]
            scans.append(pushed_together(molecule, pairs[best], step=step))
    return scans


def pushed_together(molecule: MolecularSystem, pair: np.ndarray, *, step: float) -> Scan:
    """Return the scan of the distance of two atoms, each of which moves half of the way.

    Args:
        molecule: at its minimum.
        pair: i and j.
        step: between points inside the covalent sum, Å.

    Returns:
        The scan; its coordinate is the distance.
    """
    i, j = int(pair[0]), int(pair[1])
    start = np.array(molecule.positions_angstrom)
    vector = start[j] - start[i]
    if molecule.cell_angstrom is not None:
        _, shifts = nearest_images(
            np.array([[i, j]]), positions_angstrom=start, cell_angstrom=molecule.cell_angstrom
        )
        vector = vector + shifts[0] @ molecule.cell_angstrom
    length = np.linalg.norm(vector)
    tangent = np.zeros_like(start)
    tangent[i], tangent[j] = -0.5 * vector / length, 0.5 * vector / length
    alone = two_atoms(*molecule.atomic_numbers[[i, j]].tolist())
    return Scan(
        name=f"{alone.name}{INSIDE}",
        kind="pushed",
        molecule=molecule,
        # The barrier is met on the way from the molecule's own distance.
        coordinates=way_in(
            float(alone.positions_angstrom[1, 0]), step=step, start_angstrom=float(length)
        ),
        origin=start - length * tangent,
        tangent=tangent,
        crossing=np.array([[i, j]]),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Follow the energy of every pair of elements from outside to 0.3 Å.

    From the lowest energy outside the sum of the covalent radii, the energy must rise by at least
    the wall's height before it falls into a hole.  What is behind a higher barrier is reported, and
    so is a pair alone whose elements were pushed together inside the molecule: no simulation of the
    molecule meets two bare atoms, which many models were never shown.

    Args:
        record: the energies.
        limits: ``wall`` (eV), which must be reached.

    Returns:
        PASS where every pair meets its wall first.
    """
    if not record.pairs:
        return inconclusive("no pair of elements could be pushed together")
    refused = record.refused.astype(bool)
    undecided = too_many_refused(refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    walls, needed = record.walls(), limits["wall"]
    evidence = {
        "pairs": [vars(wall) for wall in walls],
        "detection_limit": DETECTABLE_SIGMAS * np.sqrt(2.0) * record.energy_noise_ev,
    }
    deciding = [wall for wall in walls if f"{wall.pair}{INSIDE}" not in record.pairs]
    low = ", ".join(
        f"{wall.pair} {wall.height_ev:.3g} eV"
        for wall in walls
        if wall not in deciding and wall.height_ev < needed.value
    )
    walls = deciding
    decided = [wall for wall in walls if not _left_open(wall, needed_ev=needed.value)]
    behind = [wall for wall in decided if wall.hole_ev > 0.0 and wall.height_ev >= needed.value]
    holes = ", ".join(
        f"{wall.pair} at {wall.hole_angstrom:.2f} Å behind {wall.height_ev:.3g} eV"
        for wall in behind
    )
    judgement = judged(
        [
            Measure(_clause(wall), wall.measured_ev(needed_ev=needed.value), needed, at_least=True)
            for wall in decided or walls
        ],
        evidence=evidence,
        note="; ".join(
            filter(
                None,
                [
                    holes and f"holes out of reach: {holes}",
                    low and f"two bare atoms rise by less, which the molecule does not meet: {low}",
                    refusal_note(refused),
                ],
            )
        ),
    )
    failed = [one for one in judgement.evidence["measures"] if not one["ok"]]
    if len(decided) < len(walls) and not (decided and failed):
        wall = next(wall for wall in walls if wall not in decided)
        return inconclusive(
            f"the potential refused to push the pair {wall.pair} nearer than "
            f"{wall.ends_angstrom:.2f} Å, where it has risen by {wall.height_ev:.3g} eV",
            evidence=evidence,
        )
    return judgement


def _left_open(wall: Wall, *, needed_ev: float) -> bool:
    """Return whether the potential refused to answer before the wall was met."""
    return wall.is_refused and wall.hole_ev == 0.0 and not wall.height_ev >= needed_ev


def _clause(wall: Wall) -> str:
    if wall.hole_ev > 0.0:
        return (
            f"pushed together, the pair {wall.pair} falls into a hole (at "
            f"{wall.hole_angstrom:.2f} Å) behind a barrier of"
        )
    return f"pushed to 0.3 Å, the pair {wall.pair} rises above its lowest energy by"


CHECK = Check(
    id="short_range_repulsion",
    group="surface",
    question="Do atoms repel each other at contact?",
    formula="highest E on the way from outside to 0.3 Å, before the first hole, less the lowest E "
    "outside the sum of covalent radii, for every pair of elements, in the molecule or, "
    "where it is not in the molecule, alone",
    unit="eV",
    limits={"wall": "eV"},
    source="diatomics of ml-peg and MLIP Arena; Geng et al. 2026: pairs alone do not stand for "
    "molecules",
    consequence="Two atoms that collide, in a hot run, at a bad start or in a barostat's move, "
    "fall into each other, and the simulation ends in nonsense.",
    remedy="Add a repulsive core (ZBL, for example) to the model, or pairs at short distance to "
    "the training data.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
