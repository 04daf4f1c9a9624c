"""Plant faults into the surface, into the deployed potential, or into its System."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.defects.model import Plant
from openmm_mlff.selftest.oracles.pairs import PairSurface, Radial
from openmm_mlff.selftest.oracles.surface import Surface, SurfacePotential, box_of

if TYPE_CHECKING:
    import openmm

Spoil = Callable[[Surface, np.ndarray, float], Surface]
"""Function from a healthy surface, the atomic numbers and a strength to a faulty surface."""

SpoilSystem = Callable[["openmm.System", float], None]
"""Function that changes an OpenMM System by a strength."""


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
        everywhere: Spoil | None = None,
        deployed: Spoil | None = None,
        system: SpoilSystem | None = None,
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
        surface = self.healthy.surface(atomic_numbers, **box_of(cell_angstrom))
        if self._everywhere is None:
            return surface
        return self._everywhere(surface, atomic_numbers, self.strength)

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.deployed_surface`."""
        surface = self.surface(atomic_numbers, **box_of(cell_angstrom))
        if self._deployed is None:
            return surface
        return self._deployed(surface, atomic_numbers, self.strength)

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> "openmm.System":
        """See :meth:`Potential.create_system`."""
        system = super().create_system(molecule, precision=precision)
        if self._system is not None:
            self._system(system, self.strength)
        return system


def everywhere(spoil: Spoil) -> Plant:
    """Return a fault of the surface."""
    return lambda healthy, strength: PlantedPotential(
        _analytic(healthy), strength, everywhere=spoil
    )


def in_openmm(spoil: Spoil) -> Plant:
    """Return a fault of the surface that OpenMM runs, with a sound model."""
    return lambda healthy, strength: PlantedPotential(_analytic(healthy), strength, deployed=spoil)


def in_system(spoil: SpoilSystem) -> Plant:
    """Return a fault of the OpenMM System."""
    return lambda healthy, strength: PlantedPotential(_analytic(healthy), strength, system=spoil)


def in_forces(change: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> Plant:
    """Return a fault of the forces, with a correct energy.

    `change` maps positions (G, N, 3) in Å, forces (G, N, 3) in eV/Å and the strength to forces.
    """

    def spoil(surface: Surface, _: np.ndarray, strength: float) -> Surface:
        def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            energies, forces = surface(positions)
            return energies, change(positions, forces, strength)

        return faulty

    return everywhere(spoil)


def with_pair_term(
    choose: Callable[[np.ndarray], np.ndarray], radial: Callable[[float], Radial]
) -> Plant:
    """Return a fault that adds a pair term to the energy, with consistent forces.

    `choose` maps atomic numbers (N,) to pairs (P, 2), `radial` the strength to the term.
    """

    def spoil(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
        term = PairSurface(len(atomic_numbers), choose(atomic_numbers), radial(strength))
        return added(surface, term)

    return everywhere(spoil)


def added(*surfaces: Surface) -> Surface:
    """Return the sum of surfaces."""

    def total(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [surface(positions) for surface in surfaces]
        return (
            np.sum([energies for energies, _ in parts], axis=0),
            np.sum([forces for _, forces in parts], axis=0),
        )

    return total


def mixed(first: Surface, second: Surface, share: float) -> Surface:
    """Return the linear interpolation of surfaces: the first for a share of 0, the second for 1."""

    def mixture(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (energies_1, forces_1), (energies_2, forces_2) = first(positions), second(positions)
        return (
            (1.0 - share) * energies_1 + share * energies_2,
            (1.0 - share) * forces_1 + share * forces_2,
        )

    return mixture


def each_in_turn(surface: Surface) -> Surface:
    """Return a surface that evaluates geometries one by one in order, for functions with state."""

    def one_by_one(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [surface(placed[None]) for placed in positions]
        return (
            np.concatenate([energies for energies, _ in parts]),
            np.concatenate([forces for _, forces in parts]),
        )

    return one_by_one


def _analytic(potential: Potential) -> SurfacePotential:
    """Check that a potential is analytic."""
    if not isinstance(potential, SurfacePotential):
        raise TypeError(f"got {type(potential).__name__}, expected an analytic potential")
    return potential
