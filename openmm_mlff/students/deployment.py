"""Students as deployed: modules that TorchScript compiles, for OpenMM and for any molecule.

Displacements are taken in the precision of the positions (double on OpenMM's Reference and CPU
platforms) and only then rounded to that of the weights: a molecule far from the origin loses
nothing.
"""

import copy

import torch
from torch import Tensor, nn

from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


def in_dtype(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Give a copy of the model in another precision.

    Args:
        model: a student.
        dtype: ``torch.float32`` or ``torch.float64``.

    Returns:
        The copy, in evaluation mode, without gradients of its weights.
    """
    converted = copy.deepcopy(model).to(dtype).eval().requires_grad_(requires_grad=False)
    if hasattr(model, "reference_energies"):
        # Rounding these would shift all energies between precisions.
        converted.reference_energies = model.reference_energies.to(torch.float64)
    return converted


def all_pairs(n_atoms: int) -> tuple[Tensor, Tensor]:
    """List all ordered pairs of atoms.

    Args:
        n_atoms: N.

    Returns:
        Senders and receivers, int64 (N(N−1),) each, receivers ascending.
    """
    receivers, senders = torch.where(~torch.eye(n_atoms, dtype=torch.bool))
    return senders, receivers


class FixedComposition(nn.Module):
    """OpenMM's contract: `forward(positions)`, nm in, kJ/mol out, the molecule inside.

    The list of pairs never changes, so the module can be captured as a CUDA graph.

    Args:
        model: a student, see :meth:`openmm_mlff.students.painn.PaiNN.forward`.
        atomic_numbers: int64 (N,).
        dtype: of the weights.
    """

    atomic_numbers: Tensor
    senders: Tensor
    receivers: Tensor
    graph: Tensor

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = in_dtype(model, dtype)
        self.dtype = dtype
        self.angstrom_per_nm = ANGSTROM_PER_NM
        self.kj_per_mol_per_ev = KJ_PER_MOL_PER_EV
        senders, receivers = all_pairs(len(atomic_numbers))
        self.register_buffer("atomic_numbers", atomic_numbers)
        self.register_buffer("senders", senders)
        self.register_buffer("receivers", receivers)
        self.register_buffer("graph", torch.zeros_like(atomic_numbers))

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy.

        Args:
            positions: nm, (N, 3), in any precision.

        Returns:
            kJ/mol, a float64 scalar.
        """
        placed = positions * self.angstrom_per_nm
        displacements = (placed[self.senders] - placed[self.receivers]).to(self.dtype)
        energies = self.model(
            self.atomic_numbers, displacements, self.senders, self.receivers, self.graph, 1
        )
        return energies[0] * self.kj_per_mol_per_ev


class FreeComposition(nn.Module):
    """The contract for any molecule: `forward(atomic_numbers, positions)`, Å in, eV out.

    Args:
        model: a student.
        dtype: of the weights.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = in_dtype(model, dtype)
        self.dtype = dtype

    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        """Compute the energy.

        Args:
            atomic_numbers: int64 (N,).
            positions: Å, (N, 3), in any precision.

        Returns:
            eV, a float64 scalar.
        """
        n_atoms = int(atomic_numbers.shape[0])
        apart = ~torch.eye(n_atoms, dtype=torch.bool, device=positions.device)
        receivers, senders = torch.where(apart)
        displacements = (positions[senders] - positions[receivers]).to(self.dtype)
        graph = torch.zeros_like(atomic_numbers)
        return self.model(atomic_numbers, displacements, senders, receivers, graph, 1)[0]


class OfSomeParticles(nn.Module):
    """A module of OpenMM's contract that is shown some of the particles only.

    Args:
        module: `forward(positions)`.
        particles: int64 (N,), which of the System's.
    """

    particles: Tensor

    def __init__(self, module: nn.Module, particles: Tensor) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("particles", particles)

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy.

        Args:
            positions: of all particles, (M, 3).

        Returns:
            What the module gives for its own.
        """
        energy: Tensor = self.module(positions[self.particles])
        return energy


class OfSomeParticlesWithForces(nn.Module):
    """A module of OpenMM's contract that gives its own forces, shown some of the particles only.

    Args:
        module: `forward(positions)`, giving energy and forces.
        particles: int64 (N,), which of the System's.
    """

    particles: Tensor

    def __init__(self, module: nn.Module, particles: Tensor) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("particles", particles)

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy and forces.

        Args:
            positions: of all particles, (M, 3).

        Returns:
            What the module gives for its own; no force on the others.
        """
        energy, forces = self.module(positions[self.particles])
        return energy, torch.zeros_like(positions).index_copy(0, self.particles, forces)
