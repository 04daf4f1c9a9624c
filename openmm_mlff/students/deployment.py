"""Deployed students: modules that TorchScript compiles, for OpenMM and for any molecule.

Displacements are computed in the precision of the positions (double on OpenMM's Reference and CPU
platforms) and then rounded to that of the weights, so that no precision is lost far from the
origin.
"""

import copy

import torch
from torch import Tensor, nn

from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


def in_dtype(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return a copy of a student in another precision, in evaluation mode, without gradients."""
    converted = copy.deepcopy(model).to(dtype).eval().requires_grad_(requires_grad=False)
    if hasattr(model, "reference_energies"):
        # Rounding these would shift all energies between precisions.
        converted.reference_energies = model.reference_energies.to(torch.float64)
    return converted


def all_pairs(n_atoms: int) -> tuple[Tensor, Tensor]:
    """Return senders and receivers of all ordered pairs, int64 (N(N−1),), receivers ascending."""
    receivers, senders = torch.where(~torch.eye(n_atoms, dtype=torch.bool))
    return senders, receivers


class ForOpenMM(nn.Module):
    """A student for one molecule, from displacements to kJ/mol.

    Args:
        model: a student, see :meth:`openmm_mlff.students.painn.PaiNN.forward`.
        atomic_numbers: int64 (N,).
        dtype: dtype of the weights.
    """

    atomic_numbers: Tensor
    graph: Tensor

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = in_dtype(model, dtype)
        self.dtype = dtype
        self.angstrom_per_nm = ANGSTROM_PER_NM
        self.kj_per_mol_per_ev = KJ_PER_MOL_PER_EV
        self.register_buffer("atomic_numbers", atomic_numbers)
        self.register_buffer("graph", torch.zeros_like(atomic_numbers))

    def energy(self, displacements: Tensor, senders: Tensor, receivers: Tensor) -> Tensor:
        """Compute the energy, kJ/mol, of displacements sender minus receiver, Å, (E, 3)."""
        apart = displacements.to(self.dtype)
        energies = self.model(self.atomic_numbers, apart, senders, receivers, self.graph, 1)
        return energies[0] * self.kj_per_mol_per_ev


class FixedComposition(ForOpenMM):
    """OpenMM's contract: `forward(positions)`, nm in, kJ/mol out, for one molecule.

    The list of pairs is constant, so the module can be captured as a CUDA graph.
    """

    senders: Tensor
    receivers: Tensor

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__(model, atomic_numbers, dtype)
        senders, receivers = all_pairs(len(atomic_numbers))
        self.register_buffer("senders", senders)
        self.register_buffer("receivers", receivers)

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy, kJ/mol, float64, of positions (N, 3), nm, in any precision."""
        placed = positions * self.angstrom_per_nm
        apart = placed[self.senders] - placed[self.receivers]
        return self.energy(apart, self.senders, self.receivers)


class FreeComposition(nn.Module):
    """The contract for any molecule: `forward(atomic_numbers, positions)`, Å in, eV out."""

    def __init__(self, model: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = in_dtype(model, dtype)
        self.dtype = dtype

    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        """Compute the energy, eV, float64, of positions (N, 3), Å, in any precision."""
        n_atoms = int(atomic_numbers.shape[0])
        apart = ~torch.eye(n_atoms, dtype=torch.bool, device=positions.device)
        receivers, senders = torch.where(apart)
        displacements = (positions[senders] - positions[receivers]).to(self.dtype)
        graph = torch.zeros_like(atomic_numbers)
        return self.model(atomic_numbers, displacements, senders, receivers, graph, 1)[0]


class _OfSomeParticles(nn.Module):
    """A module of OpenMM's contract applied to some of the particles.

    Args:
        module: `forward(positions)`.
        particles: int64 (N,), indices in the System.
    """

    particles: Tensor

    def __init__(self, module: nn.Module, particles: Tensor) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("particles", particles)


class OfSomeParticles(_OfSomeParticles):
    """For a module that returns the energy."""

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy of the module's particles from all positions, (M, 3)."""
        energy: Tensor = self.module(positions[self.particles])
        return energy


class OfSomeParticlesWithForces(_OfSomeParticles):
    """For a module that returns energy and forces."""

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy and forces from all positions, (M, 3); other forces are zero."""
        energy, forces = self.module(positions[self.particles])
        return energy, torch.zeros_like(positions).index_copy(0, self.particles, forces)
