"""Where scans put atoms: pairs of elements, copies drawn apart, atoms pulled out."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.spatial.transform import Rotation

from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom, fragment_labels
from openmm_mlff.probes.surface.size_extensivity import two_copies

CLOSEST_COPY_ANGSTROM = 2.0
"""Copies are drawn apart from where their nearest atoms are this far from each other."""

BREATHING_FACTORS = (0.7, 3.0)


@dataclass(frozen=True)
class Scan:
    """A way through configuration space, straight in every coordinate.

    Attributes:
        name: what is scanned.
        kind: ``dimer``, ``pair``, ``breathing``, ``atom drawn apart`` or ``molecule moved``.
        molecule: which atoms.
        coordinates: (P,), ascending.
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
        """Give the positions at some coordinates, (P, N, 3), Å."""
        return self.origin + coordinates[:, None, None] * self.tangent


def element_pairs(molecule: MolecularSystem) -> list[tuple[int, int]]:
    """List the pairs of elements of a molecule, each with itself too, light before heavy."""
    elements = sorted(set(molecule.atomic_numbers.tolist()))
    return list(combinations_with_replacement(elements, 2))


def pair_name(first: int, second: int) -> str:
    """Name a pair of elements, the heavier first: ``O–H``."""
    from ase.data import chemical_symbols

    heavy, light = max(first, second), min(first, second)
    return f"{chemical_symbols[heavy]}–{chemical_symbols[light]}"


def two_atoms(first: int, second: int) -> MolecularSystem:
    """Make a system of two atoms at the sum of their covalent radii, of the lowest spin."""
    numbers = np.array([first, second])
    positions = np.zeros((2, 3))
    positions[1, 0] = covalent_radii_angstrom(numbers).sum()
    return MolecularSystem(
        name=pair_name(first, second),
        atomic_numbers=numbers,
        positions_angstrom=positions,
        multiplicity=1 + (first + second) % 2,
    )


def pair_scan(first: int, second: int, *, start: float, stop: float, step: float) -> Scan:
    """Draw two atoms apart along x.

    Args:
        first: atomic number.
        second: atomic number.
        start: shortest distance, Å.
        stop: longest, Å.
        step: Å.

    Returns:
        The scan; its coordinate is the distance.
    """
    molecule = two_atoms(first, second)
    tangent = np.zeros((2, 3))
    tangent[1, 0] = 1.0
    return Scan(
        name=molecule.name,
        kind="pair",
        molecule=molecule,
        coordinates=np.arange(start, stop + 0.5 * step, step),
        origin=np.zeros((2, 3)),
        tangent=tangent,
        crossing=np.array([[0, 1]]),
    )


def dimer_scan(
    molecule: MolecularSystem, *, number: int, seed: int, stop_angstrom: float, step_angstrom: float
) -> Scan:
    """Draw a copy, turned at random, away from the molecule in a random direction.

    Args:
        molecule: one of the copies.
        number: of the direction.
        seed: of direction and orientation.
        stop_angstrom: how far apart the nearest atoms are at the end, about.
        step_angstrom: between points.

    Returns:
        The scan; its coordinate is the distance of the centroids.
    """
    rng = np.random.default_rng([seed, number])
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    turned = centred @ Rotation.random(random_state=seed + number).as_matrix().T
    start = _contact(centred, turned, direction=direction)
    n_atoms = molecule.n_atoms
    tangent = np.zeros((2 * n_atoms, 3))
    tangent[n_atoms:] = direction
    steps = round((stop_angstrom - CLOSEST_COPY_ANGSTROM) / step_angstrom)
    first, second = np.divmod(np.arange(n_atoms * n_atoms), n_atoms)
    return Scan(
        name=f"two copies, direction {number + 1}",
        kind="dimer",
        molecule=two_copies(molecule, apart_angstrom=stop_angstrom),
        coordinates=start + step_angstrom * np.arange(steps + 1),
        origin=np.concatenate([centred, turned]),
        tangent=tangent,
        crossing=np.stack([first, second + n_atoms], axis=1),
    )


def _contact(first: np.ndarray, second: np.ndarray, *, direction: np.ndarray) -> float:
    """Find how far the second molecule must be for the nearest atoms to be at contact."""
    # Along the direction, |a − b − s u| = contact is a quadratic in s for each pair of atoms.
    apart = (second[None] - first[:, None]).reshape(-1, 3)
    along = apart @ direction
    across = np.sum(apart**2, axis=1) - along**2
    reached = across < CLOSEST_COPY_ANGSTROM**2
    if not reached.any():
        return 0.0
    roots = -along[reached] + np.sqrt(CLOSEST_COPY_ANGSTROM**2 - across[reached])
    return max(0.0, float(roots.max()))


def breathing_scan(molecule: MolecularSystem, *, step_angstrom: float) -> Scan:
    """Scale all distances of a molecule from 0.7 to 3 times their length."""
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    low, high = BREATHING_FACTORS
    step = step_angstrom / max(float(np.linalg.norm(centred, axis=1).max()), step_angstrom)
    return Scan(
        name="the molecule breathing",
        kind="breathing",
        molecule=molecule,
        coordinates=np.arange(low, high + 0.5 * step, step),
        origin=np.zeros_like(centred),
        tangent=centred,
        crossing=np.stack(np.triu_indices(molecule.n_atoms, k=1), axis=1),
    )


def atom_scans(
    molecule: MolecularSystem, *, stop_angstrom: float, step_angstrom: float
) -> list[Scan]:
    """Pull one atom of each element out of the molecule, the outermost, away from the centre."""
    centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(axis=0)
    radii = np.linalg.norm(centred, axis=1)
    scans = []
    for number in sorted(set(molecule.atomic_numbers.tolist())):
        alike = np.flatnonzero(molecule.atomic_numbers == number)
        atom = int(alike[np.argmax(radii[alike])])
        others = np.delete(np.arange(molecule.n_atoms), atom)
        if len(others) == 0:
            continue
        outward = centred[atom] - centred[others].mean(axis=0)
        tangent = np.zeros_like(centred)
        tangent[atom] = outward / np.linalg.norm(outward)
        scans.append(
            Scan(
                name=f"{molecule.symbols[atom]}{atom} pulled out",
                kind="atom drawn apart",
                molecule=molecule,
                coordinates=np.arange(0.0, stop_angstrom, step_angstrom),
                origin=centred,
                tangent=tangent,
                crossing=np.stack([np.full(len(others), atom), others], axis=1),
            )
        )
    return scans


MOVED_ANGSTROM = 0.5
"""How far a molecule of a box is moved to either side: the shells of its neighbours cross the
cutoff, and nothing collides."""


def molecule_scans(
    molecule: MolecularSystem, *, count: int, seed: int, step_angstrom: float
) -> list[Scan]:
    """Move one molecule of a box to and fro, in several directions.

    Args:
        molecule: the box.
        count: how many directions, each with a molecule of its own.
        seed: of molecules and directions.
        step_angstrom: between points.

    Returns:
        The scans; their coordinate is the displacement, Å.
    """
    rng = np.random.default_rng(seed)
    labels = np.array(fragment_labels(molecule.n_atoms, bonds=molecule.bonds))
    scans = []
    for number in range(count):
        moved = labels == rng.choice(labels)
        direction = rng.normal(size=3)
        tangent = np.zeros((molecule.n_atoms, 3))
        tangent[moved] = direction / np.linalg.norm(direction)
        inside, outside = np.flatnonzero(moved), np.flatnonzero(~moved)
        steps = round(MOVED_ANGSTROM / step_angstrom)
        scans.append(
            Scan(
                name=f"a molecule of the box moved, direction {number + 1}",
                kind="molecule moved",
                molecule=molecule,
                coordinates=step_angstrom * np.arange(-steps, steps + 1),
                origin=np.array(molecule.positions_angstrom),
                tangent=tangent,
                crossing=np.stack(np.meshgrid(inside, outside), axis=-1).reshape(-1, 2),
            )
        )
    return scans
