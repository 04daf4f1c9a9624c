"""Copies of a system: far apart in vacuum, next to each other in a box, or a supercell."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.boxes import nearest_images
from openmm_mlff.molecules.system import MolecularSystem, box_widths_angstrom


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
        bonds=tuple(map(tuple, np.sort(bonded, axis=1).tolist())),
        masses_amu=np.tile(molecule.masses_amu, count),
        cell_angstrom=cell * repeats[:, None],
    )
