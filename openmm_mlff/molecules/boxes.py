"""Periodic boxes in standard form (a along x, b in the xy plane, whole molecules), and copies.

Positions are (N, 3) Å, cells are (3, 3) Å with box vectors as rows.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.bonds import (
    BOND_FACTOR,
    Floats,
    Ints,
    covalent_radii_angstrom,
    fragment_labels,
)
from openmm_mlff.molecules.system import MolecularSystem, box_widths_angstrom


def upright(cell_angstrom: Floats, *, positions_angstrom: Floats) -> tuple[Floats, Floats]:
    """Rotate box and atoms so that a lies along x and b in the xy plane.

    The box has to be right-handed. The inputs are returned unchanged if already in this
    orientation.
    """
    if not np.triu(cell_angstrom, 1).any() and (np.diag(cell_angstrom) > 0.0).all():
        return cell_angstrom, positions_angstrom
    from ase.cell import Cell

    standing, rotation = Cell(cell_angstrom).standard_form()
    return np.tril(np.asarray(standing)), positions_angstrom @ rotation.T


def covalent_images(
    atomic_numbers: Ints, positions_angstrom: Floats, *, cell_angstrom: Floats
) -> tuple[Ints, Ints]:
    """Find covalent bonds across the faces of a box, with every image within bonding distance.

    Return the atoms i and j of each bond, (B, 2), and the shift in whole box vectors, (B, 3), that
    brings j next to i.
    """
    from ase.neighborlist import primitive_neighbor_list

    reach_angstrom = BOND_FACTOR * covalent_radii_angstrom(atomic_numbers)
    first, second, shifts = primitive_neighbor_list(
        "ijS", (True, True, True), cell_angstrom, positions_angstrom, reach_angstrom
    )
    return np.stack([first, second], axis=1).astype(np.int64), shifts.astype(np.int64)


def nearest_images(
    pairs: Ints, *, positions_angstrom: Floats, cell_angstrom: Floats
) -> tuple[Floats, Ints]:
    """Find the nearest images of given pairs of atoms, (B, 2).

    Return distances (B,), Å, and the shift in whole box vectors, (B, 3), that brings j next to i.
    """
    from ase.geometry import find_mic

    apart = positions_angstrom[pairs[:, 1]] - positions_angstrom[pairs[:, 0]]
    nearest, distances = find_mic(apart, cell_angstrom, pbc=True)
    shifts = np.rint((nearest - apart) @ np.linalg.inv(cell_angstrom)).astype(np.int64)
    return distances, shifts


def whole_molecules(
    positions_angstrom: Floats, *, cell_angstrom: Floats, pairs: Ints, shifts: Ints
) -> Floats:
    """Move atoms by whole box vectors so that no bond crosses a face of the box.

    The first atom of each molecule does not move. A network bonded to its own image (a crystal, a
    surface) has no whole form and is left unchanged. ``pairs`` and ``shifts`` as returned by
    :func:`covalent_images`; the result is (N, 3), Å.
    """
    if not shifts.any():
        return positions_angstrom
    n_atoms = len(positions_angstrom)
    neighbours: list[list[tuple[int, Ints]]] = [[] for _ in range(n_atoms)]
    for (i, j), shift in zip(pairs.tolist(), shifts, strict=True):
        neighbours[i].append((j, shift))
        neighbours[j].append((i, -shift))
    moves = np.zeros((n_atoms, 3), dtype=np.int64)
    is_placed = np.zeros(n_atoms, dtype=bool)
    for start in range(n_atoms):
        waiting = [] if is_placed[start] else [start]
        is_placed[start] = True
        while waiting:
            atom = waiting.pop()
            for other, shift in neighbours[atom]:
                if not is_placed[other]:
                    is_placed[other] = True
                    moves[other] = moves[atom] + shift
                    waiting.append(other)
    is_torn = (moves[pairs[:, 0]] + shifts != moves[pairs[:, 1]]).any(axis=1)
    labels = np.array(fragment_labels(n_atoms, bonds=pairs))
    moves[np.isin(labels, labels[pairs[is_torn, 0]])] = 0
    return positions_angstrom + moves @ cell_angstrom


def molecule_labels(
    bonds: Iterable[tuple[int, int]], *, positions_angstrom: Floats, cell_angstrom: Floats
) -> Ints:
    """Label each atom with the lowest atom of its molecule, (N,); with itself in a network.

    A network (a crystal, a polymer) is bonded to its own image and has no whole form.
    """
    pairs = np.array(list(bonds), dtype=np.int64).reshape(-1, 2)
    labels = np.array(fragment_labels(len(positions_angstrom), bonds=pairs), dtype=np.int64)
    _, shifts = nearest_images(
        pairs, positions_angstrom=positions_angstrom, cell_angstrom=cell_angstrom
    )
    whole = whole_molecules(
        positions_angstrom, cell_angstrom=cell_angstrom, pairs=pairs, shifts=shifts
    )
    _, shifts = nearest_images(pairs, positions_angstrom=whole, cell_angstrom=cell_angstrom)
    in_network = np.isin(labels, labels[pairs[shifts.any(axis=1), 0]])
    labels[in_network] = np.flatnonzero(in_network)
    return labels


def two_copies(
    molecule: MolecularSystem,
    *,
    shift_angstrom: npt.ArrayLike,
    cell_angstrom: npt.ArrayLike | None = None,
) -> MolecularSystem:
    """Return a system and a copy of it shifted by (3,) Å, as one system of 2N atoms.

    The original's atoms and bonds come first. The cell of both is (3, 3) Å, vectors as rows. The
    unpaired electrons of both copies are taken as aligned.
    """
    second = tuple((i + molecule.n_atoms, j + molecule.n_atoms) for i, j in molecule.bonds)
    positions = molecule.positions_angstrom
    return MolecularSystem(
        name=f"two of {molecule.name}",
        atomic_numbers=np.tile(molecule.atomic_numbers, 2),
        positions_angstrom=np.concatenate([positions, positions + np.asarray(shift_angstrom)]),
        charge=2 * molecule.charge,
        multiplicity=2 * molecule.multiplicity - 1,
        bonds=(*molecule.bonds, *second),
        masses_amu=np.tile(molecule.masses_amu, 2),
        cell_angstrom=None if cell_angstrom is None else np.asarray(cell_angstrom, dtype=float),
    )


def supercell(molecule: MolecularSystem, *, at_least_angstrom: float) -> MolecularSystem:
    """Return a periodic system repeated along each box vector until it is this wide, Å.

    Bonds to a neighbouring box become bonds to the copy there; the unpaired electrons of all copies
    are taken as aligned.
    """
    cell = np.asarray(molecule.cell_angstrom)
    repeats = np.ceil(at_least_angstrom / box_widths_angstrom(cell)).astype(int).clip(min=1)
    count = int(repeats.prod())
    if count == 1:
        return molecule
    boxes = np.stack(np.meshgrid(*map(np.arange, repeats), indexing="ij"), axis=-1).reshape(-1, 3)
    placed = (boxes @ cell)[:, None] + molecule.positions_angstrom
    pairs = np.array(molecule.bonds, dtype=np.int64).reshape(-1, 2)
    _, shifts = nearest_images(
        pairs, positions_angstrom=molecule.positions_angstrom, cell_angstrom=cell
    )
    places = (boxes[:, None] + shifts) % repeats
    other = np.ravel_multi_index(tuple(np.moveaxis(places, -1, 0)), tuple(repeats))
    first = np.arange(count)[:, None] * molecule.n_atoms + pairs[:, 0]
    bonded = np.stack([first, other * molecule.n_atoms + pairs[:, 1]], axis=-1).reshape(-1, 2)
    return replace(
        molecule,
        atomic_numbers=np.tile(molecule.atomic_numbers, count),
        positions_angstrom=placed.reshape(-1, 3),
        charge=count * molecule.charge,
        multiplicity=count * (molecule.multiplicity - 1) + 1,
        bonds=tuple(map(tuple, bonded.tolist())),
        masses_amu=np.tile(molecule.masses_amu, count),
        cell_angstrom=cell * repeats[:, None],
    )
