"""The molecular system: checked on construction, read-only afterwards."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.bonds import Floats, Ints, covalent_bonds, fragment_count, pairs_within
from openmm_mlff.molecules.electrons import info_of
from openmm_mlff.molecules.names import name_atoms

if TYPE_CHECKING:
    from ase import Atoms

COINCIDENCE_DISTANCE_ANGSTROM = 0.1
"""Two atoms closer than this are treated as duplicates."""

FARTHEST_ANGSTROM = 1e5
"""Maximum length of positions and box vectors."""


@dataclass(frozen=True, eq=False)
class MolecularSystem:
    """One or more molecules, or a periodic box; checked on construction and then read-only.

    Attributes:
        name: in reports and run directories.
        atomic_numbers: (N,) int64.
        positions_angstrom: (N, 3) float64, Å.
        charge: total charge, e.
        multiplicity: 2S + 1.
        source: origin of the geometry.
        bonds: pairs (i, j), i < j; derived from covalent radii by default.
        cell_angstrom: (3, 3) float64, Å, box vectors as rows; None for isolated molecules.
        masses_amu: (N,) float64, amu; NaN, and None for all, becomes the standard atomic mass.
        in_library: whether it is in the library, whose structures are known to be stable.
    """

    name: str
    atomic_numbers: Ints
    positions_angstrom: Floats
    charge: int = 0
    multiplicity: int = 1
    source: str = ""
    bonds: tuple[tuple[int, int], ...] = None  # type: ignore[assignment]  # set on construction
    cell_angstrom: Floats | None = None
    masses_amu: Floats = None  # type: ignore[assignment]  # set on construction
    in_library: bool = False

    def __post_init__(self) -> None:
        numbers = np.array(self.atomic_numbers)
        if numbers.dtype.kind not in "iu":
            raise MoleculeError(
                f"{self.name}: atomic numbers must be integers, got {numbers.dtype}"
            )
        numbers = numbers.astype(np.int64)
        positions = np.array(self.positions_angstrom, dtype=np.float64)
        _check_arrays(self.name, numbers=numbers, positions=positions)
        arrays = {
            "atomic_numbers": numbers,
            "positions_angstrom": positions,
            "masses_amu": _checked_masses(self.name, self.masses_amu, atomic_numbers=numbers),
        }
        if self.cell_angstrom is not None:
            arrays["cell_angstrom"] = checked_cell(self.name, self.cell_angstrom)
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        self._check_electrons()
        _check_no_coincidence(self)
        if self.bonds is None:
            bonds = covalent_bonds(numbers, positions, cell_angstrom=self.cell_angstrom)
        else:
            bonds = tuple(sorted({(min(i, j), max(i, j)) for i, j in self.bonds}))
            if any(i == j or not 0 <= i <= j < len(numbers) for i, j in bonds):
                raise MoleculeError(
                    f"{self.name}: a bond joins atoms that are not there; expected pairs of two "
                    f"indices from 0 to {len(numbers) - 1}"
                )
        object.__setattr__(self, "bonds", bonds)

    def _check_electrons(self) -> None:
        unpaired = self.multiplicity - 1
        if self.n_electrons < 0 or self.multiplicity < 1 or unpaired > self.n_electrons:
            raise MoleculeError(
                f"{self.name}: charge {self.charge:+d} and multiplicity {self.multiplicity} are "
                f"impossible with {self.n_electrons} electrons; give other values"
            )
        if (self.n_electrons - unpaired) % 2:
            raise MoleculeError(
                f"{self.name}: {self.formula} with charge {self.charge:+d} has {self.n_electrons} "
                f"electrons, which multiplicity {self.multiplicity} does not match; expected an "
                f"{'even' if self.n_electrons % 2 else 'odd'} multiplicity: set charge or "
                "multiplicity"
            )

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.atomic_numbers)

    @property
    def is_periodic(self) -> bool:
        """Whether it is a box with three periodic directions."""
        return self.cell_angstrom is not None

    @property
    def n_electrons(self) -> int:
        """Number of electrons: nuclear charges minus the total charge."""
        return int(self.atomic_numbers.sum()) - self.charge

    @property
    def symbols(self) -> tuple[str, ...]:
        """Element symbol of each atom."""
        from ase.data import chemical_symbols

        return tuple(chemical_symbols[number] for number in self.atomic_numbers)

    @property
    def formula(self) -> str:
        """Formula in Hill order: carbon, hydrogen, then alphabetical."""
        return str(self.to_ase().get_chemical_formula("hill"))

    @property
    def has_standard_masses(self) -> bool:
        """Whether no atom is an isotope or has a mass of the user's."""
        return np.array_equal(self.masses_amu, standard_masses_amu(self.atomic_numbers))

    @property
    def fragments(self) -> int:
        """Number of fragments not connected by bonds."""
        return fragment_count(self.n_atoms, bonds=self.bonds)

    @property
    def sha256(self) -> str:
        """Hex digest of numbers, positions, charge, multiplicity, box and isotopes."""
        parts = [
            self.atomic_numbers.astype("<i8").tobytes(),
            self.positions_angstrom.astype("<f8").tobytes(),
            f"{self.charge},{self.multiplicity}".encode(),
        ]
        if self.cell_angstrom is not None:
            parts.append(self.cell_angstrom.astype("<f8").tobytes())
        if not self.has_standard_masses:
            parts.append(self.masses_amu.astype("<f8").tobytes())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def keeps_bonds(self, positions_angstrom: npt.ArrayLike) -> bool:
        """Return whether an isolated molecule has the same bonds at other positions, (N, 3), Å."""
        return set(covalent_bonds(self.atomic_numbers, positions_angstrom)) == set(self.bonds)

    def with_positions(
        self, positions_angstrom: npt.ArrayLike, *, name: str | None = None
    ) -> "MolecularSystem":
        """Return the same molecule with other positions, (N, 3), and unchanged bonds."""
        positions = np.asarray(positions_angstrom)
        return replace(self, positions_angstrom=positions, name=name or self.name)

    def with_cell(
        self, cell_angstrom: npt.ArrayLike, *, positions_angstrom: npt.ArrayLike | None = None
    ) -> "MolecularSystem":
        """Return the same atoms in another box, (3, 3), vectors as rows, with unchanged bonds."""
        placed = self.positions_angstrom if positions_angstrom is None else positions_angstrom
        cell = np.asarray(cell_angstrom)
        return replace(self, cell_angstrom=cell, positions_angstrom=np.asarray(placed))

    def to_ase(self) -> "Atoms":
        """Return new ``ase.Atoms``, periodic if there is a box.

        Charge and multiplicity are in ``info`` under each name of :mod:`.electrons`, and also
        distributed over the initial charges and magnetic moments of the atoms, which ASE
        calculators read.
        """
        from ase import Atoms

        info = info_of(charge=self.charge, multiplicity=self.multiplicity)
        return Atoms(
            numbers=self.atomic_numbers,
            positions=self.positions_angstrom,
            charges=np.full(self.n_atoms, self.charge / self.n_atoms),
            magmoms=np.full(self.n_atoms, (self.multiplicity - 1) / self.n_atoms),
            cell=self.cell_angstrom,
            masses=None if self.has_standard_masses else self.masses_amu,
            pbc=self.is_periodic,
            info={**info, "name": self.name},
        )


SMALLEST_BOX_ANGSTROM = 1.0
"""Minimum distance between opposite faces of a box."""


def box_widths_angstrom(cell_angstrom: Floats) -> Floats:
    """Return the distances between opposite faces of a box, (3,), Å.

    A sphere of radius r does not overlap its own image if r is less than half the smallest.
    """
    # Rows of the inverse's transpose are the reciprocal vectors, normal to the faces.
    normals = np.linalg.inv(cell_angstrom).T
    return np.asarray(1.0 / np.linalg.norm(normals, axis=1))


def standard_masses_amu(atomic_numbers: Ints) -> Floats:
    """Return standard atomic masses, (N,), amu."""
    from ase.data import atomic_masses

    return np.asarray(atomic_masses[atomic_numbers], dtype=np.float64)


def _checked_masses(name: str, masses_amu: npt.ArrayLike | None, *, atomic_numbers: Ints) -> Floats:
    """Check masses, (N,), amu, and replace NaN by the standard mass."""
    standard = standard_masses_amu(atomic_numbers)
    given = standard if masses_amu is None else np.array(masses_amu, dtype=np.float64)
    if given.shape != standard.shape or not (np.isnan(given) | (given > 0.0)).all():
        raise MoleculeError(
            f"{name}: masses {given.tolist()[:3]}... amu; expected {len(standard)} positive numbers"
        )
    return np.where(np.isnan(given), standard, given)


def checked_cell(name: str, cell_angstrom: npt.ArrayLike) -> Floats:
    """Check box vectors, (3, 3), Å, as rows, and return them as float64."""
    cell = np.array(cell_angstrom, dtype=np.float64)
    if cell.shape != (3, 3) or not np.isfinite(cell).all():
        raise MoleculeError(
            f"{name}: box vectors {cell.tolist()} are not three finite vectors; expected (3, 3), Å"
        )
    if np.abs(cell).max() > FARTHEST_ANGSTROM:
        raise MoleculeError(
            f"{name}: box vectors {cell.tolist()} are longer than {FARTHEST_ANGSTROM:g} Å; correct "
            "the box"
        )
    volume = float(np.linalg.det(cell))
    if volume <= 0.0 or box_widths_angstrom(cell).min() < SMALLEST_BOX_ANGSTROM:
        raise MoleculeError(
            f"{name}: box vectors {cell.round(3).tolist()} span {volume:.3g} Å³; expected a "
            f"right-handed box at least {SMALLEST_BOX_ANGSTROM:g} Å wide: correct the box"
        )
    return cell


def _check_arrays(name: str, *, numbers: Ints, positions: Floats) -> None:
    from ase.data import chemical_symbols

    if numbers.ndim != 1 or len(numbers) == 0:
        raise MoleculeError(
            f"{name}: atomic_numbers has shape {numbers.shape}, expected (N,) with N >= 1"
        )
    if positions.shape != (len(numbers), 3):
        raise MoleculeError(
            f"{name}: positions have shape {positions.shape}, expected ({len(numbers)}, 3)"
        )
    unknown = sorted({int(z) for z in numbers if not 1 <= z < len(chemical_symbols)})
    if unknown:
        raise MoleculeError(
            f"{name}: no element has atomic number {unknown[0]}; expected 1 to "
            f"{len(chemical_symbols) - 1}"
        )
    # Not a number is not below the limit either.
    far = np.flatnonzero(~(np.abs(positions) <= FARTHEST_ANGSTROM).all(axis=1))
    if len(far):
        place = positions[far[0]]
        said = "" if np.isfinite(place).all() else "has a coordinate that is not finite, and "
        raise MoleculeError(
            f"{name}: atom {name_atoms(numbers, far[:1])} {said}is at {place.tolist()} Å; expected "
            f"coordinates up to {FARTHEST_ANGSTROM:g} Å: correct the structure"
        )


def _check_no_coincidence(system: MolecularSystem) -> None:
    pairs, distances = pairs_within(
        system.positions_angstrom,
        cutoff_angstrom=COINCIDENCE_DISTANCE_ANGSTROM,
        cell_angstrom=system.cell_angstrom,
    )
    if len(pairs):
        first, second = (
            name_atoms(system.atomic_numbers, [atom]) for atom in pairs[distances.argmin()]
        )
        raise MoleculeError(
            f"{system.name}: two atoms coincide: {first} and {second} are "
            f"{distances.min():.3f} Å apart, expected at least {COINCIDENCE_DISTANCE_ANGSTROM} Å"
        )
