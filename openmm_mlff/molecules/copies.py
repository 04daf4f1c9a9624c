"""Two copies of a system: far apart in vacuum, or next to each other in a box."""

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.system import MolecularSystem


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
