"""TorchScript files as ASE calculators."""

from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.calculators import torch_device
from openmm_mlff.potentials.torchscript.archive import copy_of
from openmm_mlff.potentials.torchscript.potential import check_box
from openmm_mlff.potentials.torchscript.program import Geometry, Program


class TorchScriptCalculator(Calculator):
    """ASE calculator for a TorchScript file: energies in eV, forces in eV/Å.

    Args:
        program: the file and how it is called.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        **kwargs: passed on to ASE's `Calculator`.

    Raises:
        PlatformError: the device is not there.
    """

    # ASE declares it for instances, so it cannot be marked as the class's own.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def __init__(self, program: Program, *, device: str = "cpu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        found = torch_device(device)
        module = copy_of(program.module).to(found)
        self.program = replace(program, module=module, device=found)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; ASE calls this.

        Args:
            atoms: periodic in all directions where the file takes a box, else in none; those of
                the last call when left out.
            properties: ignored, all are computed.
            system_changes: ignored, everything is computed anew.

        Raises:
            PotentialError: no atoms at all, or the file does not accept them.
        """
        super().calculate(atoms, properties, system_changes)
        placed = self.atoms
        if placed is None:
            raise PotentialError(
                "the calculator has no atoms yet; set atoms.calc, or pass them to calculate()"
            )
        name = str(placed.info.get("name") or placed.get_chemical_formula())
        check_box(self.program, name=name, periodic=bool(placed.pbc.any()))
        energy_ev, forces = self.program.call(
            Geometry(
                np.asarray(placed.numbers),
                np.asarray(placed.positions, dtype=float),
                np.asarray(placed.cell.array) if placed.pbc.any() else None,
                name,
            )
        )
        self.results = {"energy": energy_ev, "free_energy": energy_ev, "forces": forces}
