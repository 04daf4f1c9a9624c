"""Geometries far from equilibrium: a stretched bond, or two unbonded atoms at short distance."""

import itertools

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM


def stretched_positions(molecule: MolecularSystem, rng: np.random.Generator) -> np.ndarray:
    """Return (N, 3) Å with one bond scaled by 0.75 to 1.6 and atoms displaced by up to 0.15 Å.

    The molecule has to be at its minimum, with at least one bond.
    """
    positions = molecule.positions_angstrom.copy()
    first, second = molecule.bonds[rng.integers(len(molecule.bonds))]
    side = _side_of_bond(molecule, first, second)
    axis = positions[second] - positions[first]
    positions[side] += axis * (rng.uniform(0.75, 1.6) - 1.0)
    return positions + rng.normal(scale=rng.uniform(0.02, 0.15), size=positions.shape)


def crowded_positions(molecule: MolecularSystem, rng: np.random.Generator) -> np.ndarray:
    """Return (N, 3) Å with an atom of an unbonded pair moved to 0.8 to 1.5 covalent sums.

    The molecule has to be at its minimum, with at least one unbonded pair.
    """
    positions = molecule.positions_angstrom.copy()
    bonded = {frozenset(bond) for bond in molecule.bonds}
    strangers = [
        pair
        for pair in itertools.combinations(range(molecule.n_atoms), 2)
        if set(pair) not in bonded
    ]
    first, second = strangers[rng.integers(len(strangers))]
    axis = positions[second] - positions[first]
    length = float(np.linalg.norm(axis))
    covalent_sum = sum(COVALENT_RADII_ANGSTROM[molecule.atomic_numbers[k]] for k in (first, second))
    target = rng.uniform(0.8, 1.5) * covalent_sum
    shift = axis / length * (target - length)
    positions[second] += 0.5 * shift
    positions[first] -= 0.5 * shift
    return positions + rng.normal(scale=0.03, size=positions.shape)


def _side_of_bond(molecule: MolecularSystem, first: int, second: int) -> list[int]:
    """Return the atoms attached to `second` if the bond is cut (only `second` in a ring)."""
    neighbours: dict[int, set[int]] = {atom: set() for atom in range(molecule.n_atoms)}
    for a, b in molecule.bonds:
        neighbours[a].add(b)
        neighbours[b].add(a)
    side, frontier = {second}, [second]
    while frontier:
        for atom in neighbours[frontier.pop()] - side:
            if atom == first and len(side) == 1:
                continue
            side.add(atom)
            frontier.append(atom)
    return [second] if first in side else sorted(side)
