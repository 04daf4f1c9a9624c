"""Places where a water can form a hydrogen bond with a molecule."""

from dataclasses import dataclass

import numpy as np

from openmm_mlff.molecules.bonds import Floats
from openmm_mlff.molecules.names import name_atoms
from openmm_mlff.molecules.system import MolecularSystem

WATER_BOND_ANGSTROM = 0.9572
WATER_ANGLE = np.radians(104.52)
POLAR = (7, 8)
MOST_CONTACTS = 8
CLOSEST_ANGSTROM = 1.6
"""To any other atom of the molecule: closer waters meet more than the atom they are named for."""

TURNS = 12
"""Angles about the hydrogen bond, of which the one with most room is taken."""

_OPEN = 0.3
"""Length of the sum of an acceptor's unit bond vectors; where it is shorter, e.g. of a planar
nitrogen, no side is free."""


@dataclass(frozen=True)
class WaterContact:
    """A hydrogen bond of an atom with a water.

    Attributes:
        name: e.g. ``N3 accepts``.
        atom_angstrom: position of the atom, (3,).
        direction: from the atom to the water, unit vector, (3,).
        across: unit vector perpendicular to it, in the plane of the water, (3,).
    """

    name: str
    accepts: bool
    atom_angstrom: Floats
    direction: Floats
    across: Floats

    def water_angstrom(self, distance_angstrom: float) -> Floats:
        """Return O, H, H of a rigid water whose hydrogen bond has this length, (3, 3)."""
        if self.accepts:
            oxygen = self.atom_angstrom + (distance_angstrom + WATER_BOND_ANGSTROM) * self.direction
            angles, axis = (0.0, WATER_ANGLE), -self.direction
        else:
            oxygen = self.atom_angstrom + distance_angstrom * self.direction
            angles, axis = (0.5 * WATER_ANGLE, -0.5 * WATER_ANGLE), self.direction
        hydrogens = [
            oxygen + WATER_BOND_ANGSTROM * (np.cos(angle) * axis + np.sin(angle) * self.across)
            for angle in angles
        ]
        return np.array([oxygen, *hydrogens])


def water_contacts(molecule: MolecularSystem, *, distance_angstrom: float) -> list[WaterContact]:
    """Return the hydrogen bonds of this length, Å, for which there is room, at most eight.

    N and O accept one opposite to their bonds; a hydrogen bonded to them donates one along its
    bond.
    """
    numbers, placed = molecule.atomic_numbers, molecule.positions_angstrom
    neighbours: list[list[int]] = [[] for _ in numbers]
    for i, j in molecule.bonds:
        neighbours[i].append(j)
        neighbours[j].append(i)
    found = []
    for atom, bonded in enumerate(neighbours):
        accepts = numbers[atom] in POLAR
        donates = numbers[atom] == 1 and len(bonded) == 1 and numbers[bonded[0]] in POLAR
        if not bonded or not (accepts or donates):
            continue
        vectors = placed[atom] - placed[bonded]
        away = (vectors / np.linalg.norm(vectors, axis=1)[:, None]).sum(axis=0)
        if np.linalg.norm(away) < _OPEN:
            continue
        contact = _roomiest(
            molecule,
            atom,
            away / np.linalg.norm(away),
            accepts=bool(accepts),
            distance_angstrom=distance_angstrom,
        )
        if contact is not None:
            found.append(contact)
    return found[:MOST_CONTACTS]


def _roomiest(
    molecule: MolecularSystem,
    atom: int,
    direction: Floats,
    *,
    accepts: bool,
    distance_angstrom: float,
) -> WaterContact | None:
    """Return the water, turned about its hydrogen bond to where most room is; None without room."""
    name = f"{name_atoms(molecule.atomic_numbers, (atom,))} {'accepts' if accepts else 'donates'}"
    first = np.cross(direction, np.eye(3)[np.abs(direction).argmin()])
    first /= np.linalg.norm(first)
    second = np.cross(direction, first)
    others = np.delete(molecule.positions_angstrom, atom, axis=0)
    best, most = None, CLOSEST_ANGSTROM
    for angle in 2.0 * np.pi * np.arange(TURNS) / TURNS:
        across = np.cos(angle) * first + np.sin(angle) * second
        contact = WaterContact(name, accepts, molecule.positions_angstrom[atom], direction, across)
        water = contact.water_angstrom(distance_angstrom)
        room = float(np.linalg.norm(water[:, None] - others, axis=2).min())
        if room > most:
            best, most = contact, room
    return best
