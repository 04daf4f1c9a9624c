"""TorchScript files as ASE calculators."""

from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms

from openmm_mlff.potentials.calculators import torch_device
from openmm_mlff.potentials.energy_and_forces import EnergyAndForces
from openmm_mlff.potentials.torchscript.archive import copy_of
from openmm_mlff.potentials.torchscript.potential import check_box
from openmm_mlff.potentials.torchscript.program import Geometry, Program


class TorchScriptCalculator(EnergyAndForces):
    """ASE calculator for a TorchScript file: energies in eV, forces in eV/Å.

    Args:
        program: the file with its contract.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        **kwargs: passed on to ASE's `Calculator`.

    Raises:
        PlatformError: the device is not available.
    """

    def __init__(self, program: Program, *, device: str = "cpu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        found = torch_device(device)
        module = copy_of(program.module).to(found)
        self.program = replace(program, module=module, device=found)

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """See :meth:`EnergyAndForces.compute`."""
        name = str(atoms.info.get("name") or atoms.get_chemical_formula())
        check_box(self.program, name=name, periodic=bool(atoms.pbc.any()))
        energy_ev, forces = self.program.call(
            Geometry(
                np.asarray(atoms.numbers),
                np.asarray(atoms.positions, dtype=float),
                np.asarray(atoms.cell.array) if atoms.pbc.any() else None,
                name,
            )
        )
        return {"energy": energy_ev, "free_energy": energy_ev, "forces": forces}
