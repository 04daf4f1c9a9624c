"""What the ASE calculators of this package have in common."""

from abc import abstractmethod
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.errors import PotentialError


class EnergyAndForces(Calculator):
    """An ASE calculator that computes all it can at each call: energies in eV, forces in eV/Å."""

    # ASE declares it for instances, so it cannot be marked as the class's own.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; ASE calls this.

        Args:
            atoms: isolated, or periodic in all directions; those of the last call when left out.
            properties: ignored, all are computed.
            system_changes: ignored, everything is computed anew.

        Raises:
            PotentialError: no atoms at all, or atoms that the potential does not describe.
        """
        super().calculate(atoms, properties, system_changes)
        if self.atoms is None:
            raise PotentialError("no atoms to compute; expected ase.Atoms; set atoms.calc first")
        self.results = self.compute(self.atoms)

    @abstractmethod
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """Return ASE's results for atoms: energy, free energy and forces, perhaps more."""
