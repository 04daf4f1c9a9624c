"""Do atoms repel each other at contact?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import too_many_refused
from openmm_mlff.checks.surface import scans
from openmm_mlff.checks.surface.moves import Noisy, noise_of
from openmm_mlff.checks.surface.walls import SHORTEST_ANGSTROM, Wall, find_wall
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom, pairs_within
from openmm_mlff.plots import Axis, Level, Line, Mark, Panel, Plot, Points, finite_or_nan
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

INSIDE, BETWEEN = " in the molecule", " of two molecules"  # end the names of scans
NEIGHBOUR_ANGSTROM = 4.0  # atoms farther apart than this are not pushed together
LOWEST_DRAWN_EV = 0.01  # lower energies are drawn at this end of the logarithmic axis


@record
class Record(Noisy):
    """Energies of pairs of elements pushed together."""

    pairs: tuple[str, ...]  # names of the scans: elements, heavy first, and whether in molecules
    covalent_sums_angstrom: np.ndarray = array("scans")  # of the two atoms of each scan
    pair: np.ndarray = array("points")  # index of the scan of each point
    distances_angstrom: np.ndarray = array("points")  # of each point, ascending within a scan
    energies_ev: np.ndarray = array("points")  # of each point; NaN where refused
    refused: np.ndarray = array("points")

    def walls(self) -> list[Wall]:
        """Return the wall of each scan."""
        walls, sums = [], self.covalent_sums_angstrom.tolist()
        for k, (name, covalent_sum) in enumerate(zip(self.pairs, sums, strict=True)):
            here = self.pair == k
            distances, energies = self.distances_angstrom[here], self.energies_ev[here]
            refused = self.refused[here].astype(bool)
            walls.append(find_wall(name, distances, energies, refused, covalent_sum))
        return walls


def measure(subject: Subject) -> Record | NotApplicable:
    """Push every pair of elements together, to 0.3 Å: alone and with the molecule around it.

    Alone only where the composition is free, in a large cell where the molecule has a cell.  Where
    no two atoms of a pair are within 4 Å in the molecule, two copies of it are pushed together.
    """
    molecule, potential = subject.molecule, subject.potential
    if potential.has_force_field:
        return NotApplicable(
            "a force field holds bonded atoms apart by its own terms or fixes their distance; "
            "validate the potential alone on the molecule that it describes"
        )
    if molecule.n_atoms < 2 and not potential.composition_is_free:
        return NotApplicable("the potential is built for a single atom")
    step, near = subject.spec.scan_step_angstrom, near_pairs(molecule)
    kinds = scans.element_pairs(molecule) if potential.composition_is_free else []
    atoms = [scans.two_atoms(kind, in_cell=molecule.is_periodic) for kind in kinds]
    lines = [pushed_together(pair, [0, 1], step=step) for pair in atoms]
    lines += [pushed_together(molecule, pair, step=2.0 * step) for pair in near.values()]
    can_collide = molecule.n_atoms > 1 and not molecule.is_periodic
    far = [kind for kind in kinds if can_collide and kind not in near]
    lines += [scans.collision_scan(molecule, kind, step=2.0 * step) for kind in far]
    ends = [""] * len(kinds) + [INSIDE] * len(near) + [BETWEEN] * len(far)
    found = [subject.evaluate(one.place(one.coordinates), molecule=one.molecule) for one in lines]
    elements = np.array([*kinds, *near, *far]).reshape(-1, 2)
    return Record(
        pairs=tuple(line.name + end for line, end in zip(lines, ends, strict=True)),
        covalent_sums_angstrom=covalent_radii_angstrom(elements).sum(axis=1),
        pair=np.repeat(np.arange(len(lines)), [len(line.coordinates) for line in lines]),
        distances_angstrom=np.concatenate([[], *(line.coordinates for line in lines)]),
        energies_ev=np.concatenate([[], *(points.energies_ev for points in found)]),
        refused=np.concatenate([[], *(points.refused for points in found)]).astype(bool),
        refusals=tuple(reason for points in found for reason in points.reasons)[:10],
        **noise_of(subject),
    )


def near_pairs(molecule: MolecularSystem) -> dict[tuple[int, ...], list[int]]:
    """Return two atoms within 4 Å for each pair of elements, bonded and near ones first."""
    pairs, distances = pairs_within(
        molecule.positions_angstrom,
        cutoff_angstrom=NEIGHBOUR_ANGSTROM,
        cell_angstrom=molecule.cell_angstrom,
    )
    bonded = set(molecule.bonds)
    unbonded = np.array([(i, j) not in bonded for i, j in pairs.tolist()], dtype=bool)
    best: dict[tuple[int, ...], list[int]] = {}
    for pair in pairs[np.lexsort((distances, unbonded))].tolist():
        best.setdefault(tuple(sorted(molecule.atomic_numbers[pair].tolist())), pair)
    return dict(sorted(best.items()))


def pushed_together(molecule: MolecularSystem, pair: list[int], *, step: float) -> scans.Scan:
    """Return the scan of the distance of atoms i and j, inwards from their distance now."""
    start = molecule.positions_angstrom
    length = np.linalg.norm(scans.nearest_vectors(molecule, np.array([pair]), start))
    covalent_sum = float(covalent_radii_angstrom(molecule.atomic_numbers[pair]).sum())
    # The barrier may be outside 1.5 covalent sums, so the scan starts at the minimum.
    distances = scans.way_in(covalent_sum, step=step, start_angstrom=float(length))
    return scans.pair_scan(molecule, pair, lengths_angstrom=distances)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the height of each wall with ``wall`` (eV), which must be reached.

    A hole behind a higher barrier is reported only, and so is a pair alone whose elements were also
    pushed together with their molecules: a simulation of these never meets two bare atoms.
    """
    if not record.pairs:
        return inconclusive("no pair of elements could be pushed together")
    refused = record.refused.astype(bool)
    if undecided := too_many_refused(refused, reasons=record.refusals):
        return undecided
    walls, needed = record.walls(), limits["wall"]
    evidence = {"pairs": [vars(wall) for wall in walls]}
    pairs = set(record.pairs)
    deciding = [wall for wall in walls if not {wall.pair + INSIDE, wall.pair + BETWEEN} & pairs]
    open_walls = [wall for wall in deciding if wall.is_refused and wall.is_low(needed.value)]
    decided = [wall for wall in deciding if wall not in open_walls]
    measures = [_measure(wall, needed) for wall in decided]
    if open_walls and all(measure.ok for measure in measures):
        wall = open_walls[0]
        risen = f"{wall.height_ev:.3g} eV (needs at least {needed.value:g} eV)"
        where = f"below {wall.ends_angstrom:.2f} Å, where the energy has risen by {risen}"
        return inconclusive(f"the potential refused {wall.pair} {where}", evidence=evidence)
    holes = ", ".join(
        f"{wall.pair} at {wall.hole_angstrom:.2f} Å behind {wall.height_ev:.3g} eV"
        for wall in decided
        if wall.hole_ev > 0.0 and wall.height_ev >= needed.value
    )
    note = holes and f"holes behind a sufficient barrier: {holes}"
    return judged(measures, evidence=evidence, note=note, refused=refused)


def _measure(wall: Wall, needed: Threshold) -> Measure:
    clause = f"the repulsion of {wall.pair} at 0.3 Å is"
    if wall.hole_ev > 0.0:
        clause = f"the barrier of {wall.pair} before a hole at {wall.hole_angstrom:.2f} Å is"
    # It is too low because the energy stops being finite.
    is_lost = wall.ends_angstrom > 1.01 * SHORTEST_ANGSTROM and wall.is_low(needed.value)
    return Measure(clause, np.nan if is_lost else wall.height_ev, needed, at_least=True)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energy of each pair from contact to 0.3 Å, with barriers too low and holes."""
    needed_ev, curves = limits["wall"].value, []
    for k, wall in enumerate(record.walls()):
        distances = record.distances_angstrom[record.pair == k]
        energies = finite_or_nan(record.energies_ev[record.pair == k])
        if np.isfinite(energies).sum() > 1 and np.isfinite(wall.lowest_angstrom):
            energies -= np.interp(wall.lowest_angstrom, distances, energies)
            curves.append((k, wall, distances, np.maximum(energies, LOWEST_DRAWN_EV)))
    if not curves:
        return []
    highest = max(1.0, *(float(np.nanmax(drawn)) for *_, drawn in curves))
    marks: list[Mark] = [Line(x, drawn, wall.pair, k) for k, wall, x, drawn in curves]
    low = [(x[0], drawn[0]) for _, wall, x, drawn in curves if wall.height_ev < needed_ev]
    holes = [
        (wall.hole_angstrom, np.interp(wall.hole_angstrom, x, drawn))
        for _, wall, x, drawn in curves
        if wall.hole_ev > 0.0
    ]
    if low:
        x, y = np.transpose(low)
        marks.append(Points(x, y, "too low", "bad", "ring"))
    if holes:
        x, y = np.transpose(holes)
        marks.append(Points(x, y, "hole", "bad", "triangle"))
    marks.append(Level(needed_ev, f"needed: {needed_ev:g} eV", "muted", "dotted"))
    ends = (LOWEST_DRAWN_EV, 1.6 * max(highest, 2.0 * needed_ev))
    panel = Panel(Axis("Distance (Å)"), Axis("E(r) − E(lowest) (eV)", ends, log=True), marks)
    caption = f"Energies below {LOWEST_DRAWN_EV:g} eV are drawn there."
    return [Plot("Repulsion at short distance", [panel], caption, name="walls", height_inch=2.4)]


CHECK = define(
    __name__,
    formula="highest E down to 0.3 Å, before the first hole (a dip to less than 1 eV), less the "
    "lowest E outside the sum of covalent radii, for every pair of elements: in the molecule, or, "
    "if it has none within 4 Å, between two molecules",
    limits={"wall": "eV"},
    source="diatomics of ml-peg and MLIP Arena; Geng et al. 2026 on pairs in molecules",
    consequence="Colliding atoms collapse onto each other, and the rest of the run is meaningless.",
    remedy="Add a repulsive core (ZBL, for example) to the model, or pairs at short distance to "
    "the training data.",
    needs=("minimum", "noise"),
)
