"""Convert the content of a structure file to a checked molecule: bonds, box, charge."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.bonds import (
    ALKALI_METALS,
    Floats,
    Ints,
    covalent_radii_angstrom,
    fragment_labels,
    pairs_within,
)
from openmm_mlff.molecules.boxes import covalent_images, nearest_images, upright, whole_molecules
from openmm_mlff.molecules.formats.structure import FileStructure, joined
from openmm_mlff.molecules.names import name_atoms
from openmm_mlff.molecules.system import FARTHEST_ANGSTROM, MolecularSystem, checked_cell
from openmm_mlff.storage.text import cut
from openmm_mlff.units import ANGSTROM_PER_NM

LONGEST_BOND_FACTOR = 1.6
"""A bond in a file longer than this times the sum of its covalent radii is an error."""

SHORTEST_BOND_FACTOR = 0.5
"""Two atoms closer than this times the sum of their covalent radii are not two atoms (H–H in H₂:
1.2; an M site in water: 0.15)."""

CHALCOGENS = (8, 16, 34, 52)
"""A molecule of two such atoms is a triplet, like O₂."""

TRIPLET_ATOMS = (*CHALCOGENS, 6, 14, 32, 50, 82)
"""Groups 14 and 16, whose free atoms are triplets by Hund's rule."""


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
    masses, isotopes, rotated = structure.masses_amu, "", ""
    if masses is not None:
        isotopes = "masses of the file" if np.isfinite(masses).all() else "isotopes as marked"
    # Invalid coordinates are reported by the constructor of the molecule below.
    if (np.abs(positions) <= FARTHEST_ANGSTROM).all():
        if cell is not None:
            given = checked_cell(name, cell)
            cell, positions = upright(given, positions_angstrom=positions)
            rotated = "" if cell is given else "rotated to OpenMM's orientation of the box"
        positions = _checked_and_whole(structure, positions=positions, cell=cell, source=source)
    system = MolecularSystem(
        name=name,
        atomic_numbers=structure.atomic_numbers,
        positions_angstrom=positions,
        charge=_chosen(charge, structure.charge, default=0, what=f"{name}: charge"),
        multiplicity=_chosen(
            multiplicity, structure.multiplicity, default=1, what=f"{name}: multiplicity"
        ),
        source=joined(source, structure.note, rotated, isotopes),
        bonds=structure.bonds,  # type: ignore[arg-type]  # None: from covalent radii
        cell_angstrom=cell,
        masses_amu=masses,  # type: ignore[arg-type]  # None: standard masses
    )
    _check_valences(structure, system=system, source=source)
    if multiplicity is None and structure.multiplicity is None:
        _check_spin_is_clear(system)
    return system


def _check_valences(structure: FileStructure, *, system: MolecularSystem, source: str) -> None:
    """Raise if hydrogens are missing that neither unpaired electrons nor a given charge explain."""
    missing = sum(structure.open_valences.values())
    changed = abs(system.charge - structure.charge) if isinstance(structure.charge, int) else 0
    if missing <= system.multiplicity - 1 + changed:
        return
    named = name_atoms(system.atomic_numbers, sorted(structure.open_valences))
    raise MoleculeError(
        f"{source}: according to the bonds and charges, {missing} hydrogens are missing at "
        f"{named}; add them to the file or with --add-hydrogens (SDF, MOL), or give "
        "--multiplicity if this is a radical"
    )


def _check_spin_is_clear(system: MolecularSystem) -> None:
    """Raise for O₂, O and similar triplets that look like closed shells, if no spin is given."""
    has_ions = np.isin(system.atomic_numbers, list(ALKALI_METALS)).any()
    if system.is_periodic or system.charge or has_ions:
        return
    labels = np.array(fragment_labels(system.n_atoms, bonds=system.bonds))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        numbers = system.atomic_numbers[members]
        triplets = TRIPLET_ATOMS if len(numbers) == 1 else CHALCOGENS
        if len(numbers) <= 2 and np.isin(numbers, triplets).all():
            raise MoleculeError(
                f"{system.name}: the ground state of {name_atoms(system.atomic_numbers, members)} "
                "is a triplet, which the bonds do not show; if no hydrogens are missing, give "
                "--multiplicity 3 for the triplet or 1 for the singlet"
            )


def _check_distances(positions: Floats, *, numbers: Ints, cell: Floats | None, source: str) -> None:
    """Raise for two atoms far closer than any bond."""
    radii = covalent_radii_angstrom(numbers)
    longest = 2.0 * SHORTEST_BOND_FACTOR * float(radii.max(initial=0.0))
    pairs, distances = pairs_within(positions, cutoff_angstrom=longest, cell_angstrom=cell)
    limits = SHORTEST_BOND_FACTOR * radii[pairs].sum(axis=1)
    if (distances < limits).any():
        worst = int(np.argmin(distances / limits))
        remedy = (
            "if one is a virtual site, a lone pair, a Drude particle or an alternate location, "
            "remove it; else correct the coordinates"
        )
        if len(pairs) > 1 and (distances * ANGSTROM_PER_NM >= limits).all():
            remedy = "the coordinates seem to be in nm; multiply them by 10"
        raise MoleculeError(
            f"{source}: atoms {name_atoms(numbers, pairs[worst])} are {distances[worst]:.3f} Å "
            f"apart, closer than any bond (at least {limits[worst]:.2f} Å): {remedy}"
        )


def _checked_and_whole(
    structure: FileStructure, *, positions: Floats, cell: Floats | None, source: str
) -> Floats:
    numbers = structure.atomic_numbers
    _check_distances(positions, numbers=numbers, cell=cell, source=source)
    shifts = None
    if structure.bonds:
        pairs = np.array(structure.bonds, dtype=np.int64)
        if cell is None:
            lengths = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
        else:
            lengths, shifts = nearest_images(
                pairs, positions_angstrom=positions, cell_angstrom=cell
            )
        limits = LONGEST_BOND_FACTOR * covalent_radii_angstrom(numbers)[pairs].sum(axis=1)
        worst = int(np.argmax(lengths / limits))
        if lengths[worst] > limits[worst]:
            raise MoleculeError(
                f"{source}: the bond {name_atoms(numbers, pairs[worst])} is {lengths[worst]:.2f} "
                f"Å long, expected at most {limits[worst]:.2f} Å: the file is damaged, or its "
                "bonds belong to other coordinates; correct it"
            )
    elif cell is not None:
        pairs, shifts = covalent_images(numbers, positions, cell_angstrom=cell)
    if cell is None or shifts is None:
        return positions
    return whole_molecules(positions, cell_angstrom=cell, pairs=pairs, shifts=shifts)


def _chosen(given: int | None, recorded: Any, *, default: int, what: str) -> int:
    value = given if given is not None else default if recorded is None else recorded
    # Extended XYZ may contain charge=0.0; True is an integer too.
    is_whole = isinstance(value, Integral) or (
        isinstance(value, Real) and float(value).is_integer()
    )
    if is_whole and not isinstance(value, bool):
        return int(value)
    said = repr(value.item() if isinstance(value, np.generic) else value)
    raise MoleculeError(f"{what} is {cut(said)}; expected a whole number")
