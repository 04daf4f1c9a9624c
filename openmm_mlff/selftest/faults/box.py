"""Faults of periodic boxes: of energy and virial when the box changes, and of the barostat."""

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress

from openmm_mlff.molecules import MolecularSystem, pairs_within
from openmm_mlff.selftest.faults.plant import Plant, PlantedPotential, Result, require
from openmm_mlff.selftest.oracles.argon import ArgonOracle
from openmm_mlff.selftest.oracles.pair import CUTOFF_ANGSTROM
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfaceCalculator

if TYPE_CHECKING:
    import openmm

DECAY_PER_ANGSTROM = 2.6
"""Of the exponential repulsion: a pair has a barrier of 0.2 eV at 2 Å, and none below."""

RESERVE = 1.25
"""Capacity of a neighbour list relative to the pairs for which it was allocated."""


class StaleCell(ArgonOracle):
    """Keeps the box in which it was built."""

    follows_the_box = False


class Collapsing(ArgonOracle):
    """Buckingham's exponential repulsion, which the undamped r⁻⁶ overcomes at short distances."""

    def radial(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`ArgonOracle.radial`."""
        contact = 2.0 ** (1 / 6) * 3.405
        fall = np.exp(DECAY_PER_ANGSTROM * (contact - distances))
        attraction = 2.0 * self.epsilon_ev * (contact / distances) ** 6
        # The depth and the place of the well are those of Lennard-Jones, nearly.
        energies = self.epsilon_ev * fall - attraction
        slopes = -DECAY_PER_ANGSTROM * self.epsilon_ev * fall + 6.0 * attraction / distances
        return energies, slopes


def of_argon(kind: type[ArgonOracle]) -> Plant:
    """Return a fault that replaces argon by another kind of the same seed."""
    return lambda healthy, _: kind(seed=require(healthy, ArgonOracle).seed)


class Wrapping(PlantedPotential):
    """Adds s for each atom outside of the box, as a potential without images does at a face."""

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        sound = super().surface(atomic_numbers, cell_angstrom=cell_angstrom)
        inverse = np.zeros((3, 3)) if cell_angstrom is None else np.linalg.inv(cell_angstrom)

        def jumping(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            energies, forces = sound(positions)
            outside = (np.floor(positions @ inverse) != 0.0).any(axis=-1).sum(axis=-1)
            return energies + self.strength * outside, forces

        return jumping


def scaling_atoms(system: "openmm.System", _: float) -> None:
    """Add a barostat that scales every atom by itself, and so stretches molecules."""
    import openmm

    barostat = openmm.MonteCarloFlexibleBarostat(1.0, 300.0, 1)
    barostat.setScaleMoleculesAsRigid(False)
    barostat.setRandomNumberSeed(1)
    system.addForce(barostat)


class VirialOfAtoms(PlantedPotential):
    """Provides a stress that is, for a fraction, −Σ x⊗F: without the box's own derivative."""

    def ase_calculator(self, *, precision: str = "mixed", device: str = "cpu") -> SurfaceCalculator:
        """See :meth:`SurfacePotential.ase_calculator`."""
        return _StressCalculator(self)


class _StressCalculator(SurfaceCalculator):
    implemented_properties: list[str] = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def evaluated(self, atoms: Atoms) -> tuple[Any, ...]:
        energy_ev, forces = super().evaluated(atoms)
        surface, potential = self.surface, self.potential
        if not isinstance(surface, PairSurface) or not isinstance(potential, VirialOfAtoms):
            return energy_ev, forces
        virial = surface.virial(atoms.positions[None])[0]
        of_atoms = -np.einsum("na,nb->ab", atoms.positions, forces)
        virial += potential.strength * (of_atoms - virial)
        return energy_ev, forces, full_3x3_to_voigt_6_stress(virial / atoms.get_volume())


class OverflowingList(PlantedPotential):
    """Loses, for a fraction, the pairs beyond 1.25 times those at the creation of the forces."""

    _capacity = 0

    def create_forces(self, molecule: MolecularSystem, **named: Any) -> "list[openmm.Force]":
        """See :meth:`SurfacePotential.create_forces`."""
        deployed = copy.copy(self)
        pairs, _ = pairs_within(
            molecule.positions_angstrom,
            cutoff_angstrom=CUTOFF_ANGSTROM,
            cell_angstrom=molecule.cell_angstrom,
        )
        deployed._capacity = int(RESERVE * len(pairs))
        return super(OverflowingList, deployed).create_forces(molecule, **named)

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None
    ) -> Surface:
        """See :meth:`SurfacePotential.deployed_surface`."""
        surface = require(self.surface(atomic_numbers, cell_angstrom=cell_angstrom), PairSurface)
        whole = surface.radial

        def limited(distances: np.ndarray) -> Result:
            energies, slopes = whole(distances)
            is_lost = np.cumsum(distances < CUTOFF_ANGSTROM, axis=-1) > self._capacity
            kept = 1.0 - self.strength * is_lost
            return energies * kept, slopes * kept

        surface.radial = limited
        return surface
