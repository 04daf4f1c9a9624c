"""Straight scans through configuration space: copies pulled apart, atoms moved, bare pairs."""

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

CONTACT_ANGSTROM = 2.0
"""Copies are pulled apart from where their nearest atoms are this far from each other."""

REACH_ANGSTROM = 3.3
"""Each pair of elements starts at this distance or less, so that it crosses any longer cutoff."""

SLACK_ANGSTROM = 0.5
"""Buried elements start this much farther apart, at most, than the best candidate allows."""

CANDIDATES = 64
MOST_DIRECTIONS = 6

BREATHING_FACTORS = (0.7, 3.0)
BREATHING_RADIUS_ANGSTROM = 8.0
"""Longer distances are beyond every cutoff, and do not make the steps of a breathing scan finer."""

MOVED_ANGSTROM = 0.5
"""How far atoms of a box are moved to either side without a collision."""

CELL_ANGSTROM = 30.0
"""Edge of the cell of two atoms whose potential needs one."""


@dataclass(frozen=True)
class Scan:
    """A straight line of positions.

    Attributes:
        name: what is scanned.
        kind: ``dimer``, ``pair``, ``breathing``, ``atom drawn apart``, ``molecule moved`` or
            ``atom moved``.
        molecule: which atoms.
        coordinates: (P,), ascending, evenly spaced.
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
    """Return the pairs of elements of a molecule, each with itself too, light before heavy."""
    elements = sorted(set(molecule.atomic_numbers.tolist()))
    return list(combinations_with_replacement(elements, 2))


def two_atoms(first: int, second: int, *, in_cell: bool = False) -> MolecularSystem:
    """Return two atoms at the sum of their covalent radii, of the lowest spin.

    Args:
        first: atomic number.
        second: atomic number.
        in_cell: whether they stand in a large cubic cell.

    Returns:
        The pair; its name has the heavier element first: ``O–H``.
    """
    numbers = np.array(sorted((first, second), reverse=True))
    positions = np.zeros((2, 3))
    positions[1, 0] = covalent_radii_angstrom(numbers).sum()
    pair = MolecularSystem(
        name="a pair",
        atomic_numbers=numbers,
        positions_angstrom=positions,
        multiplicity=1 + (first + second) % 2,
        bonds=((0, 1),),
        cell_angstrom=CELL_ANGSTROM * np.eye(3) if in_cell else None,
    )
    return pair.with_positions(positions, name="–".join(pair.symbols))


def pair_scan(pair: MolecularSystem, *, distances_angstrom: np.ndarray) -> Scan:
    """Return the scan of two atoms along x; its coordinate is their distance."""
    tangent = np.zeros((2, 3))
    tangent[1, 0] = 1.0
    return Scan(
        name=pair.name,
        kind="pair",
        molecule=pair,
        coordinates=distances_angstrom,
        origin=np.zeros((2, 3)),
        tangent=tangent,
        crossing=np.array([[0, 1]]),
    )


def dimer_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, stop_angstrom: float, step: float
) -> list[Scan]:
    """Pull a copy of a molecule away, in as many directions as bring all pairs of elements close.

    Of random orientations and directions those are chosen in which most pairs of elements start
    within reach that no other has yet.

    Args:
        molecule: one of the copies.
        at_least: number of directions; one is enough for an atom.
        seed: of directions and orientations.
        stop_angstrom: how far apart the nearest atoms are at the end, about.
        step: between points, Å.

    Returns:
        The scans, at most six or `at_least`; their coordinate is the distance of the centroids.
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
    first, second = np.divmod(np.arange(molecule.n_atoms**2), molecule.n_atoms)
    return [
        Scan(
            name=f"two copies, direction {number + 1}",
            kind="dimer",
            molecule=copies,
            coordinates=start + steps,
            origin=origin,
            tangent=tangent,
            crossing=np.stack([first, second + molecule.n_atoms], axis=1),
        )
        for number, (origin, tangent, start) in enumerate(candidates[k] for k in chosen)
    ]


def _dimer(
    molecule: MolecularSystem, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return a copy on top of the molecule (2N, 3), its tangent, and where both are in contact."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    rotated = centred @ Rotation.random(random_state=rng).as_matrix().T
    tangent = np.concatenate([np.zeros_like(centred), np.tile(direction, (len(centred), 1))])
    start = _contact(centred, rotated, direction=direction)
    return np.concatenate([centred, rotated]), tangent, start


def _contact(first: np.ndarray, second: np.ndarray, *, direction: np.ndarray) -> float:
    """Return how far the second molecule must be for the nearest atoms to be in contact."""
    # Along the direction, |a − b − s u| = contact is a quadratic in s for each pair of atoms.
    apart = (second[None] - first[:, None]).reshape(-1, 3)
    along = apart @ direction
    across = np.sum(apart**2, axis=1) - along**2
    reached = across < CONTACT_ANGSTROM**2
    if not reached.any():
        return 0.0
    roots = -along[reached] + np.sqrt(CONTACT_ANGSTROM**2 - across[reached])
    return max(0.0, float(roots.max()))


def _closest(
    molecule: MolecularSystem, origin: np.ndarray, tangent: np.ndarray, start: float
) -> list[float]:
    """Return the shortest distance between the copies for each pair of elements, Å."""
    first, second = np.split(origin + start * tangent, 2)
    apart = np.linalg.norm(first[:, None] - second[None], axis=-1)
    numbers = molecule.atomic_numbers
    return [
        float(min(apart[np.ix_(numbers == a, numbers == b)].min() for a, b in ((i, j), (j, i))))
        for i, j in element_pairs(molecule)
    ]


def breathing_scan(molecule: MolecularSystem, *, step: float) -> Scan:
    """Return the scan that scales all distances of a molecule from 0.7 to 3 times their length."""
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    low, high = BREATHING_FACTORS
    radius = float(np.linalg.norm(centred, axis=1).max())
    step /= float(np.clip(radius, step, BREATHING_RADIUS_ANGSTROM))
    return Scan(
        name="the molecule breathing",
        kind="breathing",
        molecule=molecule,
        coordinates=np.arange(low, high + 0.5 * step, step),
        origin=np.zeros_like(centred),
        tangent=centred,
        crossing=np.stack(np.triu_indices(molecule.n_atoms, k=1), axis=1),
    )


def atom_scans(molecule: MolecularSystem, *, stop_angstrom: float, step: float) -> Iterable[Scan]:
    """Yield, for each element, the scan that pulls its outermost atom away from the centre."""
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    radii = np.linalg.norm(centred, axis=1)
    for number in sorted(set(molecule.atomic_numbers.tolist())):
        alike = np.flatnonzero(molecule.atomic_numbers == number)
        atom = int(alike[np.argmax(radii[alike])])
        others = np.delete(np.arange(molecule.n_atoms), atom)
        outward = centred[atom] - centred[others].mean(axis=0)
        tangent = np.zeros_like(centred)
        tangent[atom] = outward / np.linalg.norm(outward)
        yield Scan(
            name=f"{molecule.symbols[atom]}{atom} pulled out",
            kind="atom drawn apart",
            molecule=molecule,
            coordinates=np.arange(0.0, stop_angstrom, step),
            origin=centred,
            tangent=tangent,
            crossing=np.stack([np.full(len(others), atom), others], axis=1),
        )


def box_scans(
    molecule: MolecularSystem, *, at_least: int, seed: int, step: float
) -> Iterable[Scan]:
    """Yield scans that move one molecule of a box, or one atom where bonds join all atoms.

    Args:
        molecule: the box.
        at_least: number of scans; more where they are needed to move every element once.
        seed: of molecules and directions.
        step: between points, Å.

    Yields:
        The scans; their coordinate is the displacement, Å.
    """
    rng = np.random.default_rng(seed)
    labels = np.array(fragment_labels(molecule.n_atoms, bonds=molecule.bonds))
    what = "molecule"
    if molecule.fragments == 1:
        labels, what = np.arange(molecule.n_atoms), "atom"
    steps = round(MOVED_ANGSTROM / step)
    numbers = molecule.atomic_numbers
    waiting = np.ones(molecule.n_atoms, dtype=bool)
    number = 0
    while waiting.any() or number < at_least:
        moved = labels == rng.choice(labels[waiting] if waiting.any() else labels)
        waiting &= ~np.isin(numbers, numbers[moved])
        number += 1
        direction = rng.normal(size=3)
        tangent = np.zeros((molecule.n_atoms, 3))
        tangent[moved] = direction / np.linalg.norm(direction)
        inside, outside = np.flatnonzero(moved), np.flatnonzero(~moved)
        yield Scan(
            name=f"{what} of the box moved, direction {number}",
            kind=f"{what} moved",
            molecule=molecule,
            coordinates=step * np.arange(-steps, steps + 1),
            origin=np.array(molecule.positions_angstrom),
            tangent=tangent,
            crossing=np.stack(np.meshgrid(inside, outside), axis=-1).reshape(-1, 2),
        )
