"""ASE calculator for a mixed System."""

from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import CalculatorError

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.energy_and_forces import EnergyAndForces

if TYPE_CHECKING:
    from openmm_mlff.potentials.mixed.potential import MixedPotential


class MixedCalculator(EnergyAndForces):
    """Energies in eV and forces in eV/Å from one OpenMM Context; constraints are not applied.

    Precision ``double`` runs on the Reference platform, otherwise CPU.
    """

    def __init__(self, potential: "MixedPotential", *, precision: str) -> None:
        super().__init__()
        self._potential = potential
        self._precision = precision

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """See :meth:`EnergyAndForces.compute`."""
        if atoms.pbc.any() and not atoms.pbc.all():
            raise PotentialError(
                f"atoms.pbc is {atoms.pbc.tolist()}; expected all True or all False"
            )
        molecule = MolecularSystem(
            name="atoms",
            atomic_numbers=np.array(atoms.numbers, dtype=np.int64),
            positions_angstrom=atoms.positions,
            charge=int(atoms.info.get("charge", 0)),
            multiplicity=int(atoms.info.get("multiplicity", 1)),
            bonds=(),
            cell_angstrom=atoms.cell.array if atoms.pbc.all() else None,
        )
        try:
            found = self._potential.evaluate(
                molecule, atoms.positions[None], precision=self._precision
            )
        except EvaluationRefusedError as error:
            raise CalculatorError(str(error)) from error
        energy = float(found.energies_ev[0])
        return {
            "energy": energy,
            "free_energy": energy,
            "forces": found.forces_ev_per_angstrom[0],
        }
