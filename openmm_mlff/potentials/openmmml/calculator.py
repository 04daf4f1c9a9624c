"""An ASE calculator for potentials that only OpenMM can run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.electrons import CHARGE_NAMES, MULTIPLICITY_NAMES, recorded
from openmm_mlff.potentials.energy_and_forces import EnergyAndForces
from openmm_mlff.potentials.engine import Engine

if TYPE_CHECKING:
    import openmm


class OpenMMCalculator(EnergyAndForces):
    """Evaluates OpenMM Systems, eV and Å.

    The Context is reused while the atoms stay the same; only positions and box are set. Charge and
    multiplicity are read from ``atoms.info``.

    Args:
        create_system: returns the System of a molecule; it runs on the Reference platform.
    """

    def __init__(self, create_system: "Callable[[MolecularSystem], openmm.System]") -> None:
        super().__init__()
        self.create_system = create_system
        self._engine: Engine | None = None
        self._key: tuple[object, ...] = ()

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """See :meth:`EnergyAndForces.compute`."""
        cell_angstrom = np.array(atoms.cell) if atoms.pbc.any() else None
        try:
            energy, forces = self._engine_of(atoms).evaluate(
                atoms.positions, cell_angstrom=cell_angstrom
            )
        except EvaluationRefusedError as error:
            raise CalculationFailed(str(error)) from error
        return {"energy": energy, "free_energy": energy, "forces": forces}

    def _engine_of(self, atoms: Atoms) -> Engine:
        """Return the Context of these atoms, a new one if they changed."""
        key = (atoms.numbers.tobytes(), *_state_of(atoms), bool(atoms.pbc.any()))
        if self._engine is None or key != self._key:
            self._engine = Engine(self.create_system(_molecule_of(atoms)), precision="double")
            self._key = key
        return self._engine


def _state_of(atoms: Atoms) -> tuple[int, int]:
    """Read charge and multiplicity."""
    charge = recorded(atoms.info, CHARGE_NAMES)
    multiplicity = recorded(atoms.info, MULTIPLICITY_NAMES)
    return int(charge or 0), 1 if multiplicity is None else int(multiplicity)


def _molecule_of(atoms: Atoms) -> MolecularSystem:
    """Convert ASE atoms to a molecule."""
    if atoms.pbc.any() and not atoms.pbc.all():
        raise PotentialError(
            f"atoms are periodic in some directions only (pbc={atoms.pbc.tolist()}); OpenMM knows "
            "all or none: set atoms.pbc"
        )
    charge, multiplicity = _state_of(atoms)
    return MolecularSystem(
        name=str(atoms.info.get("name", "atoms")),
        atomic_numbers=atoms.numbers,
        positions_angstrom=atoms.positions,
        charge=charge,
        multiplicity=multiplicity,
        source="ase.Atoms",
        cell_angstrom=np.array(atoms.cell) if atoms.pbc.all() else None,
    )
