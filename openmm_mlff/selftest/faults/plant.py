"""What a fault is, and how it is planted: into the surface, its deployed form, or its System."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfacePotential

if TYPE_CHECKING:
    import openmm

Kind = TypeVar("Kind")

Result = tuple[np.ndarray, np.ndarray]
"""Energies (G,), eV, and forces (G, N, 3), eV/Å."""

Spoil = Callable[[Surface, np.ndarray, float], Surface]
"""Function from a healthy surface, the atomic numbers and a strength to a faulty surface."""

SpoilSystem = Callable[["openmm.System", float], None]
"""Function that changes an OpenMM System by a strength."""


Plant = Callable[[Potential, float], Potential]
"""Function from a healthy potential and a strength to a faulty potential."""


@dataclass(frozen=True)
class Fault:
    """A fault with a strength; the defaults are those of a fault that is present or not.

    Attributes:
        check: id of the check that must detect it.
        parent: kind of the healthy potential.
        system: of the test.
        unit: of the strength.
        gross: strength that must be detected.
        predicted_onset: strength at which the check should start to detect it, from its threshold;
            None for faults without strength.
        prediction: derivation of the predicted onset.
        slight_factor: strength of a slight fault relative to the predicted onset.
    """

    name: str
    _: KW_ONLY
    check: str
    plant: Plant
    description: str
    parent: str = "bonded"
    system: str = "water"
    unit: str = "share"
    gross: float = 1.0
    predicted_onset: float | None = None
    prediction: str = "present or not"
    slight_factor: float = 1.5

    def __post_init__(self) -> None:
        if self.slight is not None and not 0.0 < self.slight < self.gross:
            raise ValueError(
                f"{self.name}: slight {self.slight:g} and gross {self.gross:g} {self.unit}; "
                "expected 0 < slight < gross"
            )

    @property
    def slight(self) -> float | None:
        """Strength just above the threshold; None for faults without strength."""
        return None if self.predicted_onset is None else self.slight_factor * self.predicted_onset


def _unchanged(surface: Surface, _: np.ndarray, __: float) -> Surface:
    return surface


class PlantedPotential(SurfacePotential):
    """A healthy potential, which must be analytic, with one fault.

    Args:
        healthy: to change.
        strength: of the fault.
        everywhere: changes the surface.
        deployed: changes only the surface that OpenMM runs.
        system: changes only the OpenMM System.
    """

    def __init__(
        self,
        healthy: Potential,
        strength: float,
        *,
        everywhere: Spoil = _unchanged,
        deployed: Spoil = _unchanged,
        system: SpoilSystem = lambda *_: None,
    ) -> None:
        healthy = require(healthy, SurfacePotential)  # type: ignore[type-abstract]
        super().__init__(name=f"faulty-{healthy.name}", seed=healthy.seed)
        self.healthy = healthy
        self.strength = strength
        self.elements = healthy.elements
        self.composition_is_free = healthy.composition_is_free
        self.has_force_field = healthy.has_force_field
        self._everywhere, self._deployed, self._system = everywhere, deployed, system

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_molecule`."""
        self.healthy.check_molecule(molecule)

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        surface = self.healthy.surface(atomic_numbers, cell_angstrom=cell_angstrom)
        return self._everywhere(surface, atomic_numbers, self.strength)

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None
    ) -> Surface:
        """See :meth:`SurfacePotential.deployed_surface`."""
        surface = self.surface(atomic_numbers, cell_angstrom=cell_angstrom)
        return self._deployed(surface, atomic_numbers, self.strength)

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> "openmm.System":
        """See :meth:`Potential.create_system`."""
        system = super().create_system(molecule, precision=precision)
        self._system(system, self.strength)
        return system


def require(thing: object, kind: type[Kind]) -> Kind:
    """Return a thing of a kind, or raise TypeError."""
    if not isinstance(thing, kind):
        raise TypeError(f"got a {type(thing).__name__}, expected a {kind.__name__}")
    return thing


def everywhere(spoil: Spoil) -> Plant:
    """Return a fault of the surface."""
    return lambda healthy, strength: PlantedPotential(healthy, strength, everywhere=spoil)


def in_openmm(spoil: Spoil) -> Plant:
    """Return a fault of the surface that OpenMM runs, with a sound model."""
    return lambda healthy, strength: PlantedPotential(healthy, strength, deployed=spoil)


def in_system(spoil: SpoilSystem) -> Plant:
    """Return a fault of the OpenMM System."""
    return lambda healthy, strength: PlantedPotential(healthy, strength, system=spoil)


def result(change: Callable[[np.ndarray, np.ndarray, float], Result]) -> Spoil:
    """Return a fault of each result: `change` maps energies, forces and strength to a result."""
    return lambda surface, _, strength: lambda positions: change(*surface(positions), strength)


def in_forces(change: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> Plant:
    """Return a fault of the forces, with a correct energy.

    `change` maps positions (G, N, 3) in Å, forces (G, N, 3) in eV/Å and the strength to forces.
    """

    def spoil(surface: Surface, _: np.ndarray, strength: float) -> Surface:
        def faulty(positions: np.ndarray) -> Result:
            energies, forces = surface(positions)
            return energies, change(positions, forces, strength)

        return faulty

    return everywhere(spoil)


def with_pair_term(
    choose: Callable[[np.ndarray], np.ndarray],
    radial: Callable[[np.ndarray, float], Result],
) -> Plant:
    """Return a fault that adds a pair term to the energy, with consistent forces.

    `choose` maps atomic numbers (N,) to pairs (P, 2), `radial` distances (G, P) and the strength to
    energies and slopes of the pairs.
    """

    def spoil(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
        pairs = choose(atomic_numbers)
        term = PairSurface(len(atomic_numbers), pairs, lambda apart: radial(apart, strength))
        return added(surface, term)

    return everywhere(spoil)


def added(*surfaces: Surface) -> Surface:
    """Return the sum of surfaces."""

    def total(positions: np.ndarray) -> Result:
        energies, forces = zip(*(surface(positions) for surface in surfaces), strict=True)
        return np.sum(energies, axis=0), np.sum(forces, axis=0)

    return total


def mixed(first: Surface, second: Surface, share: float) -> Surface:
    """Return the linear interpolation of surfaces: the first for a share of 0, the second for 1."""

    def mixture(positions: np.ndarray) -> Result:
        (energies_1, forces_1), (energies_2, forces_2) = first(positions), second(positions)
        return (
            (1.0 - share) * energies_1 + share * energies_2,
            (1.0 - share) * forces_1 + share * forces_2,
        )

    return mixture
