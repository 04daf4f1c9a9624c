"""Faults of periodic boxes that only a change of the box reveals."""

import copy
from typing import Any

import numpy as np
import openmm
from ase.stress import full_3x3_to_voigt_6_stress

from openmm_mlff.molecules import MolecularSystem, pairs_within
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.faults.plant import PlantedPotential, Result, analytic
from openmm_mlff.selftest.oracles.pair import CUTOFF_ANGSTROM
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import Surface, SurfaceCalculator

RESERVE = 1.25
"""Capacity of a neighbour list relative to the pairs for which it was allocated."""


def virial_of_atoms(healthy: Potential, strength: float) -> Potential:
    """Provide a stress that is, for a fraction, −Σ x⊗F: without the box's own derivative."""
    return _WithStress(analytic(healthy), strength)


def overflowing_list(healthy: Potential, strength: float) -> Potential:
    """Lose, for a fraction, the pairs beyond 1.25 times those at the creation of the forces."""
    return _Overflowing(analytic(healthy), strength)


class _WithStress(PlantedPotential):
    def ase_calculator(self, *, precision: str = "mixed", device: str = "cpu") -> SurfaceCalculator:
        return _StressCalculator(self)


class _StressCalculator(SurfaceCalculator):
    implemented_properties: list[str] = ["energy", "forces", "stress"]  # noqa: RUF012

    def calculate(self, *arguments: Any, **named: Any) -> None:
        super().calculate(*arguments, **named)
        atoms: Any = self.atoms
        surface = self._surface
        if isinstance(surface, PairSurface) and isinstance(self.potential, _WithStress):
            virial = surface.virial(atoms.positions[None])[0]
            of_atoms = -np.einsum("na,nb->ab", atoms.positions, self.results["forces"])
            virial += self.potential.strength * (of_atoms - virial)
            self.results["stress"] = full_3x3_to_voigt_6_stress(virial / atoms.get_volume())


class _Overflowing(PlantedPotential):
    _capacity = 0

    def create_forces(self, molecule: MolecularSystem, **named: Any) -> list[openmm.Force]:
        deployed = copy.copy(self)
        pairs, _ = pairs_within(
            molecule.positions_angstrom,
            cutoff_angstrom=CUTOFF_ANGSTROM,
            cell_angstrom=molecule.cell_angstrom,
        )
        deployed._capacity = int(RESERVE * len(pairs))
        return super(_Overflowing, deployed).create_forces(molecule, **named)

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        surface = self.surface(atomic_numbers, cell_angstrom=cell_angstrom)
        if not isinstance(surface, PairSurface):
            raise TypeError(f"got a {type(surface).__name__}, expected a PairSurface")
        whole = surface.radial

        def limited(distances: np.ndarray) -> Result:
            energies, slopes = whole(distances)
            is_lost = np.cumsum(distances < CUTOFF_ANGSTROM, axis=-1) > self._capacity
            kept = 1.0 - self.strength * is_lost
            return energies * kept, slopes * kept

        surface.radial = limited
        return surface
