"""Faults of a network: of its arithmetic, or of its export alone."""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.selftest.faults.plant import Plant, require
from openmm_mlff.students.painn import PaiNN


class BadExport(StudentPotential):
    """A sound student whose exported programs contain another model."""

    def __init__(self, sound: StudentPotential, exported: nn.Module) -> None:
        super().__init__(sound.student, spec=sound.spec)
        self._exported = _with_model(sound, exported)

    def script(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> torch.jit.ScriptModule:
        """See :meth:`StudentPotential.script`."""
        return self._exported.script(molecule, precision=precision)

    def script_free(self, *, precision: str = "mixed") -> torch.jit.ScriptModule:
        """See :meth:`StudentPotential.script_free`."""
        return self._exported.script_free(precision=precision)


class PartlyFaulty(nn.Module):
    """A model with a fault in a fraction of its result."""

    def __init__(self, model: nn.Module, share: float) -> None:
        super().__init__()
        self.model = model
        self.share = share

    def is_received(self, receivers: Tensor) -> Tensor:
        """Return which neighbours send to the faulty model, bool (P,)."""
        return torch.ones_like(receivers, dtype=torch.bool)

    def rounded(self, values: Tensor) -> Tensor:
        """Return displacements or energies as the faulty model has them."""
        return values

    def forward(
        self,
        atomic_numbers: Tensor,
        displacements: Tensor,
        senders: Tensor,
        receivers: Tensor,
        graph: Tensor,
        n_graphs: int,
    ) -> Tensor:
        """Return energies in eV, float64 (n_graphs,)."""
        sound = self.model(atomic_numbers, displacements, senders, receivers, graph, n_graphs)
        kept = self.is_received(receivers)
        moved = self.rounded(displacements[kept])
        faulty = self.model(atomic_numbers, moved, senders[kept], receivers[kept], graph, n_graphs)
        return sound + self.share * (self.rounded(faulty) - sound)


class LastNeighbour(PartlyFaulty):
    """Each atom receives only its last neighbour, as by scatter instead of scatter-add."""

    def is_received(self, receivers: Tensor) -> Tensor:
        """See :meth:`PartlyFaulty.is_received`."""
        end = torch.ones([1], dtype=torch.bool, device=receivers.device)
        return torch.cat([receivers[1:] != receivers[:-1], end])


class Halved(PartlyFaulty):
    """Displacements and energies are rounded to bfloat16."""

    def rounded(self, values: Tensor) -> Tensor:
        """See :meth:`PartlyFaulty.rounded`."""
        return values.to(torch.bfloat16).to(values.dtype)


def in_export(change: Callable[[nn.Module, float], nn.Module]) -> Plant:
    """Return a fault of the exported programs only."""

    def plant(healthy: Potential, strength: float) -> Potential:
        sound = require(healthy, StudentPotential)
        return BadExport(sound, change(copy.deepcopy(sound.student.model), strength))

    return plant


def shortened(model: nn.Module, strength: float) -> nn.Module:
    """Reduce the network's cutoff by s Å."""
    require(model.get_submodule("painn"), PaiNN).cutoff -= strength
    return model


def half_precision(healthy: Potential, strength: float) -> Potential:
    """Round in the model itself, in all its forms."""
    sound = require(healthy, StudentPotential)
    return _with_model(sound, Halved(sound.student.model, strength))


def _with_model(sound: StudentPotential, model: nn.Module) -> StudentPotential:
    return StudentPotential(replace(sound.student, model=model.eval()), spec=sound.spec)
