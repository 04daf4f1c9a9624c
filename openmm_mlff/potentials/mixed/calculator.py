"""A mixed System as an ASE calculator."""

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, CalculatorError, all_changes

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem

if TYPE_CHECKING:
    from openmm_mlff.potentials.mixed.potential import MixedPotential


class MixedCalculator(Calculator):
    """Energies in eV, forces in eV/Å, from one OpenMM Context; constraints are not applied.

    Args:
        potential: what is asked.
        precision: ``double`` runs on the Reference platform, else CPU.
    """

    # ASE declares it for instances, so it cannot be marked as the class's own.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def __init__(self, potential: "MixedPotential", *, precision: str) -> None:
        super().__init__()
        self._potential = potential
        self._precision = precision

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; ASE calls this.

        Args:
            atoms: those of the structure, in its order; periodic in all directions or in none.
            properties: ignored, all are computed.
            system_changes: ignored, everything is computed anew.

        Raises:
            PotentialError: no atoms, others than the structure's, or a box in one or two
                directions.
            CalculatorError: OpenMM refuses the geometry.
        """
        super().calculate(atoms, properties, system_changes)
        placed = self.atoms
        if placed is None:
            raise PotentialError("no atoms to compute; expected ase.Atoms; set atoms.calc first")
        if placed.pbc.any() and not placed.pbc.all():
            raise PotentialError(
                f"atoms.pbc is {placed.pbc.tolist()}; expected all True or all False"
            )
        molecule = MolecularSystem(
            name="atoms",
            atomic_numbers=np.array(placed.numbers, dtype=np.int64),
            positions_angstrom=placed.positions,
            charge=int(placed.info.get("charge", 0)),
            multiplicity=int(placed.info.get("multiplicity", 1)),
            bonds=(),
            cell_angstrom=placed.cell.array if placed.pbc.all() else None,
        )
        try:
            found = self._potential.evaluate(
                molecule, placed.positions[None], precision=self._precision
            )
        except EvaluationRefusedError as error:
            raise CalculatorError(str(error)) from error
        energy = float(found.energies_ev[0])
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": found.forces_ev_per_angstrom[0],
        }
