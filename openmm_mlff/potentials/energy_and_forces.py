"""Base class of this package's ASE calculators."""

from abc import abstractmethod
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.errors import PotentialError


class EnergyAndForces(Calculator):
    """ASE calculator that computes everything in each call: energies in eV, forces in eV/Å."""

    # ASE declares it as an instance attribute, so it cannot be a ClassVar.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all properties, ignoring which are requested; called by ASE.

        ``atoms`` are isolated or periodic in all directions; by default those of the previous call.

        Raises:
            PotentialError: no atoms, or atoms that the potential does not support.
        """
        super().calculate(atoms, properties, system_changes)
        if self.atoms is None:
            raise PotentialError("no atoms to compute; expected ase.Atoms; set atoms.calc first")
        self.results = self.compute(self.atoms)

    @abstractmethod
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """Return ASE's results for atoms: energy, free energy and forces, optionally more."""
