"""Plant faults into the surface, into the deployed potential, or into its System."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.faults.fault import Plant
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import Surface, SurfacePotential

if TYPE_CHECKING:
    import openmm

Kind = TypeVar("Kind", bound=Potential)

Result = tuple[np.ndarray, np.ndarray]
"""Energies (G,), eV, and forces (G, N, 3), eV/Å."""

Spoil = Callable[[Surface, np.ndarray, float], Surface]
"""Function from a healthy surface, the atomic numbers and a strength to a faulty surface."""

SpoilSystem = Callable[["openmm.System", float], None]
"""Function that changes an OpenMM System by a strength."""


def _unchanged(surface: Surface, _: np.ndarray, __: float) -> Surface:
    return surface


class PlantedPotential(SurfacePotential):
    """A healthy potential with one fault.

    Args:
        healthy: to change.
        strength: of the fault.
        everywhere: changes the surface.
        deployed: changes only the surface that OpenMM runs.
        system: changes only the OpenMM System.
    """

    def __init__(
        self,
        healthy: SurfacePotential,
        strength: float,
        *,
        everywhere: Spoil = _unchanged,
        deployed: Spoil = _unchanged,
        system: SpoilSystem = lambda *_: None,
    ) -> None:
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

    def surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        surface = self.healthy.surface(atomic_numbers, cell_angstrom=cell_angstrom)
        return self._everywhere(surface, atomic_numbers, self.strength)

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
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


def require(potential: Potential, kind: type[Kind]) -> Kind:
    """Return a potential of a kind.

    Raises:
        TypeError: it is of another kind.
    """
    if not isinstance(potential, kind):
        raise TypeError(f"got a {type(potential).__name__}, expected a {kind.__name__}")
    return potential


def analytic(potential: Potential) -> SurfacePotential:
    """Return a potential that is analytic.

    Raises:
        TypeError: it is not.
    """
    return require(potential, SurfacePotential)  # type: ignore[type-abstract]


def everywhere(spoil: Spoil) -> Plant:
    """Return a fault of the surface."""
    return lambda healthy, strength: PlantedPotential(analytic(healthy), strength, everywhere=spoil)


def in_openmm(spoil: Spoil) -> Plant:
    """Return a fault of the surface that OpenMM runs, with a sound model."""
    return lambda healthy, strength: PlantedPotential(analytic(healthy), strength, deployed=spoil)


def in_system(spoil: SpoilSystem) -> Plant:
    """Return a fault of the OpenMM System."""
    return lambda healthy, strength: PlantedPotential(analytic(healthy), strength, system=spoil)


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


def each_in_turn(surface: Surface) -> Surface:
    """Return a surface that evaluates geometries one by one in order, for functions with state."""

    def one_by_one(positions: np.ndarray) -> Result:
        energies, forces = zip(*(surface(placed[None]) for placed in positions), strict=True)
        return np.concatenate(energies), np.concatenate(forces)

    return one_by_one
