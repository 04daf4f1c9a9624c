"""Straight scans: copies pulled apart or pushed together, atoms moved, two atoms alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.surface.walls import SHORTEST_ANGSTROM
from openmm_mlff.molecules import (
    MolecularSystem,
    covalent_radii_angstrom,
    fragment_labels,
    two_copies,
)
from openmm_mlff.molecules.boxes import nearest_images
from openmm_mlff.molecules.electrons import lowest_multiplicity

CONTACT_ANGSTROM = 2.0  # shortest distance between two copies at the start of a scan
REACH_ANGSTROM = 3.3  # each pair of elements starts within, and so crosses any longer cutoff
SLACK_ANGSTROM = 0.5  # buried elements start at most this much farther apart than possible
CANDIDATES = 64
MOST_DIRECTIONS = 6
BREATHING_FACTORS = (0.7, 3.0)
BREATHING_RADIUS_ANGSTROM = 8.0  # a larger molecule has no finer steps
MOVED_ANGSTROM = 0.5  # how far atoms of a box are moved to either side without a collision
LONGEST_RATIO = 1.5  # pairs are pushed together from this many times the sum of the covalent radii
COARSER = 5  # steps outside the sum of the covalent radii are this much longer
CELL_ANGSTROM = 30.0  # edge of the cell of two atoms whose potential needs one


@dataclass(frozen=True)
class Scan:
    """A straight line of positions."""

    name: str
    # ``dimer``, ``pair``, ``breathing``, ``atom drawn apart``, ``molecule moved`` or ``atom moved``
    kind: str
    molecule: MolecularSystem  # N atoms
    coordinates: np.ndarray  # (P,), ascending, evenly spaced except for pairs pushed together
    origin: np.ndarray  # positions at coordinate 0, (N, 3), Å
    tangent: np.ndarray  # d positions / d coordinate, (N, 3)

    def place(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the positions at some coordinates, (P, N, 3), Å."""
        return self.origin + coordinates[:, None, None] * self.tangent

    @property
    def crossing(self) -> np.ndarray:
        """Pairs of atoms whose distances the scan changes, int (K, 2)."""
        pairs = np.stack(np.triu_indices(self.molecule.n_atoms, k=1), axis=1)
        return pairs[(self.tangent[pairs[:, 0]] != self.tangent[pairs[:, 1]]).any(axis=1)]

    def distances(self, coordinate: float) -> np.ndarray:
        """Return the distances of the crossing pairs at one coordinate, (K,), Å."""
        placed = self.place(np.array([coordinate]))[0]
        return np.linalg.norm(nearest_vectors(self.molecule, self.crossing, placed), axis=1)


def nearest_vectors(
    molecule: MolecularSystem, pairs: np.ndarray, positions_angstrom: np.ndarray
) -> np.ndarray:
    """Return the vectors from i to the nearest image of j for pairs (K, 2), (K, 3), Å."""
    cell = molecule.cell_angstrom
    vectors = np.asarray(positions_angstrom[pairs[:, 1]] - positions_angstrom[pairs[:, 0]])
    if cell is None:
        return vectors
    _, shifts = nearest_images(pairs, positions_angstrom=positions_angstrom, cell_angstrom=cell)
    return np.asarray(vectors + shifts @ cell)


def element_pairs(molecule: MolecularSystem) -> list[tuple[int, int]]:
    """Return all pairs of elements of a molecule, also of each with itself, light before heavy."""
    return list(combinations_with_replacement(np.unique(molecule.atomic_numbers).tolist(), 2))


def two_atoms(elements: npt.ArrayLike, *, in_cell: bool = False) -> MolecularSystem:
    """Return two atoms of the lowest spin at the sum of their covalent radii, the heavier first."""
    numbers = -np.sort(-np.asarray(elements))
    positions = np.zeros((2, 3))
    positions[1, 0] = covalent_radii_angstrom(numbers).sum()
    pair = MolecularSystem(
        name="a pair",
        atomic_numbers=numbers,
        positions_angstrom=positions,
        multiplicity=lowest_multiplicity(numbers),
        bonds=((0, 1),),
        cell_angstrom=CELL_ANGSTROM * np.eye(3) if in_cell else None,
    )
    return pair.with_positions(positions, name="–".join(pair.symbols))


def pair_scan(molecule: MolecularSystem, atoms: list[int], *, lengths_angstrom: np.ndarray) -> Scan:
    """Return the scan of the distance of two atoms, each of which moves half of the way."""
    start, name = molecule.positions_angstrom, two_atoms(molecule.atomic_numbers[atoms]).name
    vector = nearest_vectors(molecule, np.array([atoms]), start)[0]
    length = np.linalg.norm(vector)
    tangent = np.zeros_like(start)
    tangent[atoms] = np.outer([-0.5, 0.5], vector / length)
    return Scan(name, "pair", molecule, lengths_angstrom, start - length * tangent, tangent)


def collision_scan(molecule: MolecularSystem, elements: tuple[int, int], *, step: float) -> Scan:
    """Return the scan that pushes two copies of a molecule together, an atom of each element first.

    Each is the outermost atom of its element.  The scan goes through both atoms, from 0.3 Å to
    where no atoms of the two copies touch.
    """
    (atom, axis), (other, outward) = (_outermost(molecule, element) for element in elements)
    centred = _centred(molecule)
    fixed = centred - centred[atom]
    moved = Rotation.align_vectors([-axis], [outward])[0].apply(centred - centred[other])
    start = _contact_shift(fixed, moved, direction=axis) + SLACK_ANGSTROM
    covalent_sum = float(covalent_radii_angstrom(np.array(elements)).sum())
    return Scan(
        name=two_atoms(elements).name,
        kind="pair",
        molecule=_two_apart(molecule, fixed, moved + start * axis),
        coordinates=way_in(covalent_sum, step=step, start_angstrom=start),
        origin=np.concatenate([fixed, moved]),
        tangent=np.repeat([np.zeros(3), axis], len(centred), axis=0),
    )


def way_in(covalent_sum: float, *, step: float, start_angstrom: float = 0.0) -> np.ndarray:
    """Return distances from 0.3 Å to 1.5 covalent sums or the start, (P,), ascending, all in Å."""
    inside = np.arange(SHORTEST_ANGSTROM, covalent_sum - 0.5 * step, step)
    end = max(LONGEST_RATIO * covalent_sum, start_angstrom + COARSER * step)
    return np.concatenate([inside, np.arange(covalent_sum, end, COARSER * step)])


def dimer_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, stop_angstrom: float, step: float
) -> list[Scan]:
    """Return scans that pull a copy of a molecule away, in random directions and orientations.

    Up to six are chosen one by one: the next brings most of the remaining pairs of elements within
    reach; others are added up to `at_least`.  The coordinate is the distance of the centroids, Å.
    """
    steps = step * np.arange(round((stop_angstrom - CONTACT_ANGSTROM) / step) + 1)
    count = 1 if molecule.n_atoms == 1 else max(CANDIDATES, at_least)
    candidates = [
        _dimer(molecule, steps=steps, rng=np.random.default_rng([seed, k])) for k in range(count)
    ]
    elements = np.sort(candidates[0].molecule.atomic_numbers[candidates[0].crossing], axis=1)
    alike = [(elements == pair).all(axis=1) for pair in element_pairs(molecule)]
    distances = (scan.distances(scan.coordinates[0]) for scan in candidates)
    closest = np.array([[each[pairs].min() for pairs in alike] for each in distances])
    within = closest <= np.maximum(REACH_ANGSTROM, closest.min(axis=0) + SLACK_ANGSTROM)
    chosen: list[int] = []
    covered = np.zeros(within.shape[1], dtype=bool)
    while not covered.all() and len(chosen) < MOST_DIRECTIONS:
        chosen.append(int(np.argmax(within[:, ~covered].sum(axis=1))))
        covered |= within[chosen[-1]]
    others = [k for k in range(count) if k not in chosen]
    chosen += others[: max(0, at_least - len(chosen))]
    return [
        replace(candidates[k], name=f"two copies, direction {number}")
        for number, k in enumerate(chosen, start=1)
    ]


def _centred(molecule: MolecularSystem) -> np.ndarray:
    positions = molecule.positions_angstrom
    return np.asarray(positions - positions.mean(axis=0))


def _dimer(molecule: MolecularSystem, *, steps: np.ndarray, rng: np.random.Generator) -> Scan:
    """Return the scan that pulls a rotated copy away from contact."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    centred = _centred(molecule)
    rotated = centred @ Rotation.random(random_state=rng).as_matrix().T
    shifts = _contact_shift(centred, rotated, direction=direction) + steps
    copies = _two_apart(molecule, centred, rotated + shifts[-1] * direction)
    origin = np.concatenate([centred, rotated])
    tangent = np.repeat([np.zeros(3), direction], len(centred), axis=0)
    return Scan("", "dimer", copies, shifts, origin, tangent)


def _two_apart(molecule: MolecularSystem, first: np.ndarray, second: np.ndarray) -> MolecularSystem:
    """Return two copies of a molecule at positions (N, 3), Å, where none of their atoms touch."""
    beyond = np.ptp(molecule.positions_angstrom, axis=0) + CONTACT_ANGSTROM
    copies = two_copies(molecule, shift_angstrom=beyond)
    return copies.with_positions(np.concatenate([first, second]))


def _contact_shift(fixed: np.ndarray, moved: np.ndarray, *, direction: np.ndarray) -> float:
    """Return the largest shift along a unit vector at which an atom of each of two molecules touch.

    Positions are (N, 3) and (M, 3) in Å; it is 0 where none do.
    """
    # |a − b − s u| = contact is a quadratic in s for each pair of atoms.
    apart = (moved[None] - fixed[:, None]).reshape(-1, 3)
    along = apart @ direction
    across = np.sum(apart**2, axis=1) - along**2
    reached = across < CONTACT_ANGSTROM**2
    roots = -along[reached] + np.sqrt(CONTACT_ANGSTROM**2 - across[reached])
    return float(roots.max(initial=0.0))


def _outermost(
    molecule: MolecularSystem, element: int, *, of: np.ndarray | None = None
) -> tuple[int, np.ndarray]:
    """Return the outermost atom of an element, and its direction from the centre, (3,).

    Centre and element are those of the atoms `of`, or of all.
    """
    of = np.arange(molecule.n_atoms) if of is None else of
    centred = molecule.positions_angstrom - molecule.positions_angstrom[of].mean(axis=0)
    radii = np.linalg.norm(centred, axis=1)
    atom = int(max(of[molecule.atomic_numbers[of] == element], key=radii.__getitem__))
    # An atom in the centre has no direction of its own.
    outward = centred[atom] / radii[atom] if radii[atom] > 1e-3 else np.array([1.0, 0.0, 0.0])
    return atom, outward


def breathing_scan(molecule: MolecularSystem, *, step: float) -> Scan:
    """Return the scan that scales all distances of a molecule from 0.7 to 3 times their length."""
    centred = _centred(molecule)
    low, high = BREATHING_FACTORS
    radius = float(np.linalg.norm(centred, axis=1).max())
    step /= float(np.clip(radius, step, BREATHING_RADIUS_ANGSTROM))
    factors, origin = np.arange(low, high + 0.5 * step, step), np.zeros_like(centred)
    return Scan("the molecule breathing", "breathing", molecule, factors, origin, centred)


def atom_scans(
    molecule: MolecularSystem, *, of: np.ndarray, stop_angstrom: float, step: float
) -> Iterable[Scan]:
    """Yield scans that pull the outermost atom of each element of the atoms `of` outwards."""
    centred = _centred(molecule)
    for number in np.unique(molecule.atomic_numbers[of]):
        atom, outward = _outermost(molecule, number, of=of)
        tangent = np.zeros_like(centred)
        tangent[atom] = outward
        name = f"{molecule.symbols[atom]}{atom} pulled out"
        shifts = np.arange(0.0, stop_angstrom, step)
        yield Scan(name, "atom drawn apart", molecule, shifts, centred, tangent)


def box_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, step: float
) -> Iterable[Scan]:
    """Yield `at_least` scans, more where an element is left, of a molecule moved in a box.

    Where bonds join all atoms, one atom is moved.  The coordinate, the displacement, is in Å.
    """
    rng = np.random.default_rng(seed)
    labels, what = np.array(fragment_labels(molecule.n_atoms, bonds=molecule.bonds)), "molecule"
    if molecule.fragments == 1:
        labels, what = np.arange(molecule.n_atoms), "atom"
    steps = round(MOVED_ANGSTROM / step)
    shifts, numbers = step * np.arange(-steps, steps + 1), molecule.atomic_numbers
    waiting = np.ones(molecule.n_atoms, dtype=bool)
    number = 0
    while waiting.any() or number < at_least:
        moved = labels == rng.choice(labels[waiting] if waiting.any() else labels)
        waiting &= ~np.isin(numbers, numbers[moved])
        number += 1
        direction = rng.normal(size=3)
        tangent = moved[:, None] * (direction / np.linalg.norm(direction))
        name, start = f"{what} of the box moved, direction {number}", molecule.positions_angstrom
        yield Scan(name, f"{what} moved", molecule, shifts, start, tangent)
