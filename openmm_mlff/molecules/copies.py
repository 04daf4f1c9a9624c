"""Two copies of a system: far apart in vacuum, or side by side in a box."""

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.system import MolecularSystem


def two_copies(
    molecule: MolecularSystem,
    *,
    shift_angstrom: npt.ArrayLike,
    cell_angstrom: npt.ArrayLike | None = None,
) -> MolecularSystem:
    """Return a system and a shifted copy of it.

    Args:
        molecule: N atoms.
        shift_angstrom: of the copy, (3,), Å.
        cell_angstrom: the box of both, (3, 3), Å, rows; None for none.

    Returns:
        2N atoms with the bonds of both, first those of the original.  The unpaired electrons of
        both are taken as aligned.
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
        cell_angstrom=None if cell_angstrom is None else np.asarray(cell_angstrom, dtype=float),
    )
