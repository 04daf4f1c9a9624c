"""Straight scans through configuration space: copies pulled apart, atoms moved, two atoms alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.spatial.transform import Rotation

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
CELL_ANGSTROM = 30.0  # edge of the cell of two atoms whose potential needs one


@dataclass(frozen=True)
class Scan:
    """A straight line of positions.

    Attributes:
        name: what is scanned.
        kind: ``dimer``, ``pair``, ``breathing``, ``atom drawn apart``, ``molecule moved``,
            ``atom moved`` or ``pushed``.
        molecule: N atoms.
        coordinates: (P,), ascending, evenly spaced unless pushed.
        origin: positions at coordinate 0, (N, 3), Å.
        tangent: d positions / d coordinate, (N, 3).
        crossing: index pairs whose distances the scan changes, int (K, 2).
    """

    name: str
    kind: str
    molecule: MolecularSystem
    coordinates: np.ndarray
    origin: np.ndarray
    tangent: np.ndarray
    crossing: np.ndarray

    def place(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the positions at some coordinates, (P, N, 3), Å."""
        return self.origin + coordinates[:, None, None] * self.tangent

    def distances(self, coordinate: float) -> np.ndarray:
        """Return the distances of the crossing pairs at one coordinate, (K,), Å."""
        placed = self.place(np.array([coordinate]))[0]
        cell = self.molecule.cell_angstrom
        if cell is None:
            return np.linalg.norm(placed[self.crossing[:, 0]] - placed[self.crossing[:, 1]], axis=1)
        return nearest_images(self.crossing, positions_angstrom=placed, cell_angstrom=cell)[0]


def element_pairs(molecule: MolecularSystem) -> list[tuple[int, int]]:
    """Return all pairs of elements of a molecule, also of each with itself, light before heavy."""
    return list(combinations_with_replacement(np.unique(molecule.atomic_numbers).tolist(), 2))


def covalent_sum_angstrom(atomic_numbers: np.ndarray) -> float:
    """Return the sum of the covalent radii."""
    return float(covalent_radii_angstrom(atomic_numbers).sum())


def two_atoms(first: int, second: int, *, in_cell: bool = False) -> MolecularSystem:
    """Return two atoms of the lowest spin at the sum of their covalent radii, the heavier first."""
    numbers = np.array(sorted((first, second), reverse=True))
    positions = np.zeros((2, 3))
    positions[1, 0] = covalent_sum_angstrom(numbers)
    pair = MolecularSystem(
        name="a pair",
        atomic_numbers=numbers,
        positions_angstrom=positions,
        multiplicity=lowest_multiplicity(numbers),
        bonds=((0, 1),),
        cell_angstrom=CELL_ANGSTROM * np.eye(3) if in_cell else None,
    )
    return pair.with_positions(positions, name="–".join(pair.symbols))


def pair_scan(pair: MolecularSystem, *, distances_angstrom: np.ndarray) -> Scan:
    """Return the scan of two atoms along x; its coordinate is their distance."""
    tangent = np.zeros((2, 3))
    tangent[1, 0] = 1.0
    crossing = np.array([[0, 1]])
    return Scan(pair.name, "pair", pair, distances_angstrom, np.zeros((2, 3)), tangent, crossing)


def dimer_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, stop_angstrom: float, step: float
) -> list[Scan]:
    """Return scans that pull a copy of a molecule away, in random directions and orientations.

    Up to six are chosen one by one: the next brings most of the remaining pairs of elements within
    reach; others are added up to `at_least`.  The coordinate, the distance of the centroids, starts
    at contact and grows in steps of `step`, Å, to about `stop_angstrom`.
    """
    steps = step * np.arange(round((stop_angstrom - CONTACT_ANGSTROM) / step) + 1)
    count = 1 if molecule.n_atoms == 1 else max(CANDIDATES, at_least)
    candidates = [_dimer(molecule, np.random.default_rng([seed, k])) for k in range(count)]
    closest = np.array([_closest(molecule, *candidate) for candidate in candidates])
    within = closest <= np.maximum(REACH_ANGSTROM, closest.min(axis=0) + SLACK_ANGSTROM)
    chosen: list[int] = []
    covered = np.zeros(within.shape[1], dtype=bool)
    while not covered.all() and len(chosen) < MOST_DIRECTIONS:
        chosen.append(int(np.argmax(within[:, ~covered].sum(axis=1))))
        covered |= within[chosen[-1]]
    others = [k for k in range(count) if k not in chosen]
    chosen += others[: max(0, at_least - len(chosen))]
    copies = two_copies(molecule, shift_angstrom=np.array([stop_angstrom, 0.0, 0.0]))
    crossing = np.stack(np.divmod(np.arange(molecule.n_atoms**2), molecule.n_atoms), axis=1)
    crossing[:, 1] += molecule.n_atoms
    scans = []
    for number, k in enumerate(chosen, start=1):
        origin, tangent, start = candidates[k]
        name = f"two copies, direction {number}"
        scans.append(Scan(name, "dimer", copies, start + steps, origin, tangent, crossing))
    return scans


def _centred(molecule: MolecularSystem) -> np.ndarray:
    positions = molecule.positions_angstrom
    return np.asarray(positions - positions.mean(axis=0))


def _dimer(
    molecule: MolecularSystem, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return molecule and copy, both centred, (2N, 3), the tangent, and the contact distance."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    centred = _centred(molecule)
    rotated = centred @ Rotation.random(random_state=rng).as_matrix().T
    tangent = np.concatenate([np.zeros_like(centred), np.tile(direction, (len(centred), 1))])
    # Along the direction, |a − b − s u| = contact is a quadratic in s for each pair of atoms.
    apart = (rotated[None] - centred[:, None]).reshape(-1, 3)
    along = apart @ direction
    across = np.sum(apart**2, axis=1) - along**2
    reached = across < CONTACT_ANGSTROM**2
    roots = -along[reached] + np.sqrt(CONTACT_ANGSTROM**2 - across[reached])
    return np.concatenate([centred, rotated]), tangent, float(roots.max(initial=0.0))


def _closest(
    molecule: MolecularSystem, origin: np.ndarray, tangent: np.ndarray, start: float
) -> list[float]:
    """Return the shortest distance between the copies for each pair of elements, Å."""
    first, second = np.split(origin + start * tangent, 2)
    apart = np.linalg.norm(first[:, None] - second[None], axis=-1)
    apart = np.minimum(apart, apart.T)
    numbers = molecule.atomic_numbers
    return [
        float(apart[np.ix_(numbers == i, numbers == j)].min()) for i, j in element_pairs(molecule)
    ]


def breathing_scan(molecule: MolecularSystem, *, step: float) -> Scan:
    """Return the scan that scales all distances of a molecule from 0.7 to 3 times their length."""
    centred = _centred(molecule)
    low, high = BREATHING_FACTORS
    radius = float(np.linalg.norm(centred, axis=1).max())
    step /= float(np.clip(radius, step, BREATHING_RADIUS_ANGSTROM))
    factors = np.arange(low, high + 0.5 * step, step)
    crossing = np.stack(np.triu_indices(molecule.n_atoms, k=1), axis=1)
    origin = np.zeros_like(centred)
    return Scan("the molecule breathing", "breathing", molecule, factors, origin, centred, crossing)


def atom_scans(molecule: MolecularSystem, *, stop_angstrom: float, step: float) -> Iterable[Scan]:
    """Yield, for each element, the scan that pulls its outermost atom away from the centre."""
    centred = _centred(molecule)
    radii = np.linalg.norm(centred, axis=1)
    for number in np.unique(molecule.atomic_numbers):
        atom = int(np.argmax(np.where(molecule.atomic_numbers == number, radii, -1.0)))
        others = np.delete(np.arange(molecule.n_atoms), atom)
        outward = centred[atom] - centred[others].mean(axis=0)
        tangent = np.zeros_like(centred)
        tangent[atom] = outward / np.linalg.norm(outward)
        name = f"{molecule.symbols[atom]}{atom} pulled out"
        crossing = np.stack([np.full(len(others), atom), others], axis=1)
        shifts = np.arange(0.0, stop_angstrom, step)
        yield Scan(name, "atom drawn apart", molecule, shifts, centred, tangent, crossing)


def box_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, step: float
) -> Iterable[Scan]:
    """Yield scans that move one molecule of a box, or one atom where bonds join all atoms.

    There are `at_least` scans, and more where they are needed to move every element once.  `step`
    and the coordinate, the displacement, are in Å.
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
        pairs = np.meshgrid(np.flatnonzero(moved), np.flatnonzero(~moved))
        crossing = np.stack(pairs, axis=-1).reshape(-1, 2)
        name, start = f"{what} of the box moved, direction {number}", molecule.positions_angstrom
        yield Scan(name, f"{what} moved", molecule, shifts, start, tangent, crossing)
