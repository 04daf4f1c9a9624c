"""An ASE calculator for what only OpenMM can run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes

from openmm_mlff import units
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm

if TYPE_CHECKING:
    import openmm

_UNUSED_TIMESTEP_PS = 0.001


class OpenMMCalculator(Calculator):
    """Evaluates OpenMM Systems, eV and Å.

    One Context serves as long as the atoms stay the same ones; only positions and box are set.
    Charge and multiplicity are read from ``atoms.info``.

    Args:
        create_system: makes the System of a molecule.
        platform: of OpenMM.  ``Reference`` computes in double precision.
    """

    # ASE declares it for instances, so it cannot be marked as the class's own.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def __init__(
        self,
        create_system: "Callable[[MolecularSystem], openmm.System]",
        *,
        platform: str = "Reference",
    ) -> None:
        super().__init__()
        self.create_system = create_system
        self.platform = platform
        self._context: openmm.Context | None = None
        self._key: tuple[object, ...] = ()

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; ASE calls this.

        Args:
            atoms: isolated, or periodic in all three directions.
            properties: ignored, all are computed.
            system_changes: ignored, everything is computed anew.

        Raises:
            PotentialError: no atoms at all, or the potential cannot serve these.
            CalculationFailed: OpenMM could not evaluate this geometry.
        """
        import openmm

        super().calculate(atoms, properties, system_changes)
        if self.atoms is None:
            raise PotentialError("no atoms to compute; expected ase.Atoms; set atoms.calc first")
        context = self._context_of(self.atoms)
        try:
            context.setPositions(units.nm_from_angstrom(self.atoms.positions))
            if self.atoms.pbc.any():
                context.setPeriodicBoxVectors(*openmm_box_nm(np.array(self.atoms.cell)))
            state = context.getState(energy=True, forces=True)
        except openmm.OpenMMException as error:
            raise CalculationFailed(" ".join(str(error).split())) from error
        energy = float(units.ev_from_kj_per_mol(state.getPotentialEnergy()._value))
        forces = units.ev_per_angstrom_from_kj_per_mol_nm(state.getForces(asNumpy=True)._value)
        self.results = {"energy": energy, "free_energy": energy, "forces": np.array(forces)}

    def _context_of(self, atoms: Atoms) -> "openmm.Context":
        """Give the Context of these atoms, a new one where they are others than before."""
        import openmm

        key = (atoms.numbers.tobytes(), *_state_of(atoms), bool(atoms.pbc.any()))
        if self._context is None or key != self._key:
            self._context = openmm.Context(
                self.create_system(_molecule_of(atoms)),
                openmm.VerletIntegrator(_UNUSED_TIMESTEP_PS),
                openmm.Platform.getPlatformByName(self.platform),
            )
            self._key = key
        return self._context


def _state_of(atoms: Atoms) -> tuple[int, int]:
    """Read charge and multiplicity."""
    return int(atoms.info.get("charge", 0)), int(atoms.info.get("multiplicity", 1))


def _molecule_of(atoms: Atoms) -> MolecularSystem:
    """Describe ASE's atoms."""
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
