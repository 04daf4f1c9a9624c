"""Criteria for the stability of a molecule, on plain arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openmm_mlff.config import Limits
from openmm_mlff.molecules import (
    BOND_FACTOR,
    covalent_radii_angstrom,
    fragment_labels,
    is_ion_contact,
    name_atoms,
    pair_distances,
    pairs_within,
)
from openmm_mlff.reporters.quantities import FloatArray


@dataclass(frozen=True, kw_only=True)
class StabilityLimits:
    """Limits of stability, named as in a protocol's ``criteria.stability``.

    Attributes:
        bond_shortest: smallest bond length relative to its initial length.
        bond_longest: largest bond length relative to its initial length.  MDsim (Fu et al., "Forces
            are not enough", 2023) allows a deviation of 0.5 Å.
        contact: smallest distance of two nonbonded atoms, relative to the sum of their covalent
            radii.
        largest_force: on one atom, eV/Å.
        temperature_factor: relative to the target temperature.
    """

    bond_shortest: float = 0.6
    bond_longest: float = 1.5
    contact: float = 0.6
    largest_force: float = 100.0
    temperature_factor: float = 10.0

    @classmethod
    def of(cls, limits: Limits) -> "StabilityLimits":
        """Return the limits of ``criteria.stability``, with defaults for those not given."""
        return cls(**{name: threshold.value for name, threshold in limits.items()})


DEFAULT_LIMITS = StabilityLimits()

FEWEST_DEGREES_OF_FREEDOM = 3
"""Smallest number for the temperature limit: the kinetic energy of one degree of freedom exceeds
ten times its mean in one of 640 thermal samples, erfc(√5)."""


@dataclass(frozen=True)
class Instability:
    """A violated criterion.

    Attributes:
        message: one line with atoms and limit.
        atoms: zero-based indices of the atoms concerned.
    """

    message: str
    atoms: tuple[int, ...] = ()


class StabilityMonitor:
    """Compares frames with the initial structure of a run.

    Args:
        atomic_numbers: (N,), 0 for virtual sites, which are left out.
        positions_angstrom: initial, (N, 3), with unwrapped molecules.
        bonds: initial bonds, as pairs of indices.
        cell_angstrom: (3, 3), for contacts across periodic boundaries.
        limits: of a stable frame.
    """

    def __init__(
        self,
        atomic_numbers: npt.ArrayLike,
        *,
        positions_angstrom: npt.ArrayLike,
        bonds: tuple[tuple[int, int], ...],
        cell_angstrom: FloatArray | None = None,
        limits: StabilityLimits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self._cell_angstrom = cell_angstrom
        numbers = np.asarray(atomic_numbers, dtype=np.int64)
        start = np.asarray(positions_angstrom, dtype=np.float64)
        self._numbers = numbers
        self._atoms = np.flatnonzero(numbers)
        self._radii_angstrom = covalent_radii_angstrom(numbers)
        self._longest_sum_angstrom = 2.0 * float(self._radii_angstrom.max())
        self._bonds = np.array(bonds, dtype=np.int64).reshape(-1, 2)
        self._bond_lengths_angstrom = pair_distances(
            start, self._bonds, cell_angstrom=cell_angstrom
        )
        self._bonded = frozenset((int(i), int(j)) for i, j in self._bonds)
        self._fragments = fragment_labels(len(numbers), bonds=self._bonded)

    def check_positions(
        self, positions_angstrom: FloatArray, *, cell_angstrom: FloatArray | None = None
    ) -> Instability | None:
        """Return the first criterion that positions (N, 3) violate: finite, bonds, contacts.

        ``cell_angstrom``: (3, 3), where a barostat has changed it.
        """
        lost = _not_finite(positions_angstrom)
        if lost:
            return Instability(f"position of {self._name(*lost)} is not finite", lost)
        cell = self._cell_angstrom if cell_angstrom is None else cell_angstrom
        return self._check_bonds(positions_angstrom, cell) or self._check_contacts(
            positions_angstrom, cell_angstrom=cell
        )

    def check_forces(self, forces_ev_per_angstrom: FloatArray) -> Instability | None:
        """Return the first criterion that forces (N, 3) violate: finite, largest force."""
        broken = _not_finite(forces_ev_per_angstrom)
        if broken:
            return Instability(f"force on {self._name(*broken)} is not finite", broken)
        # OpenMM distributes the forces on virtual sites over the atoms.
        sizes = np.where(self._numbers > 0, np.linalg.norm(forces_ev_per_angstrom, axis=1), 0.0)
        atom = int(sizes.argmax())
        limit = self._limits.largest_force
        if sizes[atom] < limit:
            return None
        return Instability(
            f"force on {self._name(atom)} is {sizes[atom]:.4g} eV/Å; expected less than {limit:g}",
            (atom,),
        )

    def _check_bonds(
        self, positions_angstrom: FloatArray, cell_angstrom: FloatArray | None
    ) -> Instability | None:
        if not len(self._bonds):
            return None
        # A barostat moves the atoms of a network into the box one by one.
        lengths = pair_distances(positions_angstrom, self._bonds, cell_angstrom=cell_angstrom)
        ratios = lengths / self._bond_lengths_angstrom
        shortest, longest = self._limits.bond_shortest, self._limits.bond_longest
        # The bond farthest outside its range.
        worst = int(np.maximum(ratios / longest, shortest / ratios).argmax())
        ratio, start = ratios[worst], self._bond_lengths_angstrom[worst]
        if shortest <= ratio <= longest:
            return None
        atoms = (int(self._bonds[worst, 0]), int(self._bonds[worst, 1]))
        return Instability(
            f"bond {self._name(*atoms)} is {ratio * start:.3f} Å long, {ratio:.2f} times its "
            f"start ({start:.3f} Å); expected {shortest:g} to {longest:g}",
            atoms,
        )

    def _check_contacts(
        self, positions_angstrom: FloatArray, *, cell_angstrom: FloatArray | None
    ) -> Instability | None:
        closest = self._limits.contact
        near = max(BOND_FACTOR, closest)
        pairs, distances = pairs_within(
            positions_angstrom[self._atoms],
            cutoff_angstrom=near * self._longest_sum_angstrom,
            cell_angstrom=cell_angstrom,
        )
        pairs = self._atoms[pairs]
        ratios = distances / self._radii_angstrom[pairs].sum(axis=1)
        ionic = is_ion_contact(self._numbers, pairs)
        for index in np.flatnonzero(ratios < near):
            atoms = (int(pairs[index, 0]), int(pairs[index, 1]))
            if atoms in self._bonded:
                continue
            joined = self._fragments[atoms[0]] != self._fragments[atoms[1]]
            if ratios[index] < closest:
                reason = (
                    f"{ratios[index]:.2f} times the sum of their covalent radii; "
                    f"expected at least {closest:g}"
                )
            elif joined and not ionic[index] and ratios[index] < BOND_FACTOR:
                reason = (
                    "which joins two molecules; expected the number of molecules to stay the same"
                )
            else:
                continue
            where = f"unbonded atoms {self._name(*atoms)} are {distances[index]:.3f} Å apart"
            return Instability(f"{where}, {reason}", atoms)
        return None

    def _name(self, *atoms: int) -> str:
        return name_atoms(self._numbers, atoms)


def _not_finite(vectors: FloatArray) -> tuple[int, ...]:
    """Return the indices of rows with NaN or infinity."""
    return tuple(int(row) for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1)))
