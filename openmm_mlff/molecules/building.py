"""Convert the content of a structure file to a checked molecule: bonds, box, charge."""

from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.bonds import covalent_radii_angstrom, fragment_labels
from openmm_mlff.molecules.boxes import (
    Floats,
    Ints,
    covalent_images,
    nearest_images,
    upright,
    whole_molecules,
)
from openmm_mlff.molecules.formats.structure import Bonds, FileStructure
from openmm_mlff.molecules.names import name_atoms
from openmm_mlff.molecules.system import MolecularSystem, checked_cell
from openmm_mlff.reading import cut

LONGEST_BOND_FACTOR = 1.6
"""A bond in a file longer than this times the sum of its covalent radii is an error."""

CHALCOGENS = (8, 16, 34, 52)
"""A molecule of two such atoms is a triplet, like O₂."""


def build_system(
    structure: FileStructure,
    *,
    name: str,
    source: str,
    charge: int | None = None,
    multiplicity: int | None = None,
) -> MolecularSystem:
    """Build the molecule; the box is put in standard orientation and molecules are made whole.

    Args:
        structure: content of the file.
        name: name of the system.
        source: where it comes from; first words of error messages about the file.
        charge: replaces the recorded one (default 0).
        multiplicity: replaces the recorded one (default 1).

    Raises:
        MoleculeError: the structure is invalid, or a known open shell without its multiplicity.
    """
    positions, cell = structure.positions_angstrom, structure.cell_angstrom
    # Invalid coordinates are reported by the constructor of the molecule below.
    if np.isfinite(positions).all():
        if cell is not None:
            cell, positions = upright(checked_cell(name, cell), positions_angstrom=positions)
        positions = _checked_and_whole(structure, positions=positions, cell=cell, source=source)
    system = MolecularSystem(
        name=name,
        atomic_numbers=structure.atomic_numbers,
        positions_angstrom=positions,
        charge=_chosen(charge, structure.charge, default=0, what=f"{name}: charge"),
        multiplicity=_chosen(
            multiplicity, structure.multiplicity, default=1, what=f"{name}: multiplicity"
        ),
        source="; ".join(part for part in (source, structure.note) if part),
        bonds=structure.bonds,  # type: ignore[arg-type]  # None: from covalent radii
        cell_angstrom=cell,
    )
    if multiplicity is None and structure.multiplicity is None:
        _check_spin_is_clear(system)
    return system


def _check_spin_is_clear(system: MolecularSystem) -> None:
    """Raise for O₂ and similar triplets that look like closed shells, if no spin is given."""
    if system.is_periodic or system.charge:
        return
    labels = np.array(fragment_labels(system.n_atoms, bonds=system.bonds))
    for label in np.unique(labels):
        numbers = system.atomic_numbers[labels == label]
        if len(numbers) == 2 and np.isin(numbers, CHALCOGENS).all():
            first, second = np.array(system.symbols)[labels == label]
            formula = f"{first}2" if first == second else f"{first}{second}"
            raise MoleculeError(
                f"{system.name}: the ground state of {formula} is a triplet, and its bonds do not "
                "show it; choose its spin by --multiplicity, 3 for the triplet or 1"
            )


def _checked_and_whole(
    structure: FileStructure, *, positions: Floats, cell: Floats | None, source: str
) -> Floats:
    numbers = structure.atomic_numbers
    shifts = None
    if structure.bonds:
        pairs = np.array(structure.bonds, dtype=np.int64)
        if cell is None:
            lengths = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
        else:
            lengths, shifts = nearest_images(
                pairs, positions_angstrom=positions, cell_angstrom=cell
            )
        _check_bond_lengths(structure.bonds, lengths=lengths, numbers=numbers, source=source)
    elif cell is not None:
        pairs, shifts = covalent_images(numbers, positions, cell_angstrom=cell)
    if cell is None or shifts is None:
        return positions
    return whole_molecules(positions, cell_angstrom=cell, pairs=pairs, shifts=shifts)


def _check_bond_lengths(
    bonds: Bonds, *, lengths: npt.NDArray[np.float64], numbers: Ints, source: str
) -> None:
    radii_angstrom = covalent_radii_angstrom(numbers)[np.array(bonds)]
    limits = LONGEST_BOND_FACTOR * radii_angstrom.sum(axis=1)
    worst = int(np.argmax(lengths / limits))
    if lengths[worst] > limits[worst]:
        raise MoleculeError(
            f"{source}: the bond {name_atoms(numbers, bonds[worst])} "
            f"is {lengths[worst]:.2f} Å long, expected at most {limits[worst]:.2f} Å: the file is "
            "damaged, or its bonds belong to other coordinates"
        )


def _chosen(given: int | None, recorded: Any, *, default: int, what: str) -> int:
    value = given if given is not None else default if recorded is None else recorded
    is_flag = isinstance(value, (bool, np.bool_))
    # Extended XYZ may contain charge=0.0, and NumPy has its own integer types.
    if isinstance(value, (int, np.integer)) and not is_flag:
        return int(value)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return int(value)
    said = repr(value.item() if isinstance(value, np.generic) else value)
    raise MoleculeError(f"{what} is {cut(said)}; expected a whole number")
