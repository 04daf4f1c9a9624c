"""How faults get into a potential: into the surface, into what OpenMM runs, or into its System."""

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
"""From a healthy surface, the atomic numbers and a strength to a faulty surface."""

SpoilSystem = Callable[["openmm.System", float], None]
"""Changes an OpenMM System by a strength."""


class PlantedPotential(SurfacePotential):
    """A healthy potential with one fault.

    Args:
        healthy: what is spoilt.
        strength: of the fault.
        everywhere: spoils the surface, whatever way it is asked.
        deployed: spoils only what OpenMM runs.
        system: spoils only the OpenMM System.
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
    """Plant a fault into the surface itself.

    Args:
        spoil: the fault.

    Returns:
        What plants it.
    """
    return lambda healthy, strength: PlantedPotential(
        _analytic(healthy), strength, everywhere=spoil
    )


def in_openmm(spoil: Spoil) -> Plant:
    """Plant a fault into what OpenMM runs and leave the model itself sound.

    Args:
        spoil: the fault.

    Returns:
        What plants it.
    """
    return lambda healthy, strength: PlantedPotential(_analytic(healthy), strength, deployed=spoil)


def in_system(spoil: SpoilSystem) -> Plant:
    """Plant a fault into the OpenMM System.

    Args:
        spoil: the fault.

    Returns:
        What plants it.
    """
    return lambda healthy, strength: PlantedPotential(_analytic(healthy), strength, system=spoil)


def in_forces(change: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> Plant:
    """Plant a fault into the forces alone; the energy stays.

    Args:
        change: from positions (G, N, 3) in Å, forces (G, N, 3) in eV/Å and the strength to other
            forces.

    Returns:
        What plants it.
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
    """Plant a wrong term of pairs into the energy, with the forces that belong to it.

    Args:
        choose: from atomic numbers (N,) to pairs (P, 2).
        radial: from the strength to the term.

    Returns:
        What plants it.
    """

    def spoil(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
        term = PairSurface(len(atomic_numbers), choose(atomic_numbers), radial(strength))
        return added(surface, term)

    return everywhere(spoil)


def added(*surfaces: Surface) -> Surface:
    """Add surfaces.

    Args:
        *surfaces: of the same atoms.

    Returns:
        Their sum.
    """

    def total(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [surface(positions) for surface in surfaces]
        return (
            np.sum([energies for energies, _ in parts], axis=0),
            np.sum([forces for _, forces in parts], axis=0),
        )

    return total


def mixed(first: Surface, second: Surface, share: float) -> Surface:
    """Mix two surfaces linearly.

    Args:
        first: given alone for a share of 0.
        second: given alone for a share of 1.
        share: of the second.

    Returns:
        The mixture.
    """

    def mixture(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (energies_1, forces_1), (energies_2, forces_2) = first(positions), second(positions)
        return (
            (1.0 - share) * energies_1 + share * energies_2,
            (1.0 - share) * forces_1 + share * forces_2,
        )

    return mixture


def each_in_turn(surface: Surface) -> Surface:
    """Ask for one geometry after the other; what keeps state sees them in order.

    Args:
        surface: called with G = 1.

    Returns:
        A surface of any G.
    """

    def one_by_one(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [surface(placed[None]) for placed in positions]
        return (
            np.concatenate([energies for energies, _ in parts]),
            np.concatenate([forces for _, forces in parts]),
        )

    return one_by_one


def _analytic(potential: Potential) -> SurfacePotential:
    """See that a fault of surfaces is planted into a surface."""
    if not isinstance(potential, SurfacePotential):
        raise TypeError(f"got {type(potential).__name__}, expected an analytic potential")
    return potential
