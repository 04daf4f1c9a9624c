"""Call a TorchScript file with plain arrays, in eV and Å."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from openmm_mlff import units
from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.torchscript.adapter import Scales
from openmm_mlff.potentials.torchscript.archive import torch_reason
from openmm_mlff.potentials.torchscript.signature import Contract

if TYPE_CHECKING:
    from ase import Atoms

_BUILT_IN_DEVICE = re.compile(r'value="((?:cuda|hip|mps|xpu)(?::\d+)?)"')
_CPU = torch.device("cpu")
_CHANGED = "changed in place"

# Exceptions of TorchScript and of torch operators.
_TORCH_ERRORS = (torch.jit.Error, RuntimeError, IndexError, ValueError, TypeError, AssertionError)


@dataclass(frozen=True)
class Program:
    """A module, in evaluation mode as `TorchForce` runs it, and how it is called."""

    module: torch.jit.ScriptModule
    contract: Contract
    scales: Scales
    parameters: Mapping[str, float]
    spec: str
    device: torch.device = _CPU

    def call(self, atoms: "Atoms") -> tuple[float, np.ndarray]:
        """Return energy, eV, and forces, (N, 3), eV/Å: those of the file, or else the gradient.

        Positions and box are passed in float64, as on OpenMM's Reference and CPU platforms.

        Raises:
            PotentialError: only one of file and atoms has a box, the file does not accept the
                atoms, or returns an unexpected shape.
        """
        name = str(atoms.info.get("name") or atoms.get_chemical_formula())
        self._check_box(name, periodic=bool(atoms.pbc.any()))
        try:
            energy, forces = self._compute(atoms, torch.float64)
        except _TORCH_ERRORS as error:
            raise PotentialError(self._explain(error, atoms, name)) from error
        if energy.numel() != 1:
            raise PotentialError(
                f"{self.spec} returns an energy of shape {tuple(energy.shape)} for {name}; "
                "expected one number: sum over the atoms in forward"
            )
        if tuple(forces.shape) != (len(atoms), 3):
            raise PotentialError(
                f"{self.spec} returns forces of shape {tuple(forces.shape)} for {name}; expected "
                f"{(len(atoms), 3)}"
            )
        return (
            float(energy) * self.scales.energy_ev,
            np.asarray(forces.cpu().numpy(), dtype=float) * self.scales.force_ev_per_angstrom,
        )

    def _check_box(self, name: str, *, periodic: bool) -> None:
        """Raise if only one of file and atoms has a box."""
        if periodic and not self.contract.has_box:
            raise PotentialError(
                f"{self.spec} has no box argument, and {name} is periodic; expected a file with "
                "forward(positions, boxvectors), or a molecule without a box"
            )
        if self.contract.has_box and not periodic:
            raise PotentialError(
                f"{self.spec} needs box vectors, and {name} has none; give a structure with a box, "
                "or a file with forward(positions)"
            )

    def _compute(self, atoms: "Atoms", dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return energy and forces in the file's units; no forces if the energy is not a scalar."""
        length = self.scales.length_angstrom
        placed = torch.tensor(
            atoms.positions / length,
            dtype=dtype,
            device=self.device,
            requires_grad=not self.contract.outputs_forces,
        )
        inputs = {"positions": placed}
        if self.contract.has_numbers:
            numbers = torch.tensor(atoms.numbers, dtype=torch.int64, device=self.device)
            inputs["numbers"] = numbers
        if self.contract.has_box:
            # The box as OpenMM passes it, possibly reduced.
            box = units.angstrom_from_nm(openmm_box_nm(atoms.cell.array)) / length
            inputs["box"] = torch.tensor(box, dtype=dtype, device=self.device)
        given = {role: tensor.detach().clone() for role, tensor in inputs.items()}
        found = self.module(*(inputs[role] for role in self.contract.roles), **self._given())
        for role, tensor in inputs.items():
            if not torch.equal(tensor.detach(), given[role]):
                raise ValueError(f"{role} were {_CHANGED}")
        if self.contract.outputs_forces:
            return found[0].detach(), found[1].detach()
        if found.numel() != 1:
            return found.detach(), torch.zeros_like(placed)
        (gradient,) = torch.autograd.grad(found.reshape([]), placed)
        return found.detach(), -gradient

    def _given(self) -> dict[str, Tensor | float]:
        """Return the values of the global parameters with the types that `TorchForce` passes."""
        return {
            argument.name: self.parameters[argument.name]
            if argument.type == "float"
            else torch.tensor(
                self.parameters[argument.name], dtype=torch.float64, device=self.device
            )
            for argument in self.contract.parameters
        }

    def _explain(self, error: Exception, atoms: "Atoms", name: str) -> str:
        """Return in one line why a call failed."""
        reason = torch_reason(error)
        device = built_in_device(self.module)
        if device is not None and self.device.type == "cpu":
            return (
                f"{self.spec} has the device {device} built into its graph and does not run on "
                f"the CPU ({reason}); create tensors on positions.device in forward, and export "
                "it again"
            )
        if _CHANGED in reason or "in-place operation" in reason:
            return (
                f"{self.spec} modifies the positions that it is given ({reason}), which OpenMM "
                "and the gradient need; begin forward with positions = positions.clone()"
            )
        if "does not require grad" in reason or "not have been used in the graph" in reason:
            return (
                f"{self.spec}: the energy of {name} has no gradient with respect to the positions "
                f"({reason}); either the model ignores these atoms (see every_atom_counts), or "
                "forward uses detach() or no_grad() and must return (energy, forces)"
            )
        if self._runs_in_float32(atoms):
            return (
                f"{self.spec} accepts positions in float32 only, and OpenMM's Reference and CPU "
                f"platforms give float64 ({reason}); cast positions to the dtype of the weights in "
                "forward"
            )
        return (
            f"{self.spec}: the file does not accept the {len(atoms)} atoms of {name}: {reason}; "
            "expected the molecule that it was made for: name it with --system"
        )

    def _runs_in_float32(self, atoms: "Atoms") -> bool:
        """Return whether positions of lower precision are accepted."""
        try:
            self._compute(atoms, torch.float32)
        except _TORCH_ERRORS:
            return False
        return True


def built_in_device(module: torch.jit.ScriptModule) -> str | None:
    """Return the accelerator that is a constant of the graph, e.g. ``cuda:0``, or None."""
    found = _BUILT_IN_DEVICE.search(str(module.inlined_graph))
    return found.group(1) if found else None
