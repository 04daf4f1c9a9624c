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


def evaluate_batch(
    model: nn.Module, atomic_numbers: Tensor, positions: Tensor, *, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Evaluate many geometries of one molecule in one call of the eager model.

    Pairs beyond the model's cutoff send no message and are left out.

    Args:
        model: a student in precision `dtype`.
        atomic_numbers: int64 (N,).
        positions: float64 (G, N, 3), Å.
        dtype: of the weights.

    Returns:
        Energies (G,) in eV and forces (G, N, 3) in eV/Å, float64.
    """
    n_geometries, n_atoms, _ = positions.shape
    senders, receivers = all_pairs(n_atoms)
    offsets = (torch.arange(n_geometries) * n_atoms).repeat_interleave(len(senders))
    all_senders, all_receivers = (
        senders.repeat(n_geometries) + offsets,
        receivers.repeat(n_geometries) + offsets,
    )
    flat = positions.reshape(-1, 3).clone().requires_grad_()
    with torch.no_grad():
        apart = torch.linalg.vector_norm(flat[all_senders] - flat[all_receivers], dim=-1)
        near = apart <= _cutoff_angstrom(model)
    all_senders, all_receivers = all_senders[near], all_receivers[near]
    energies = model(
        atomic_numbers.repeat(n_geometries),
        (flat[all_senders] - flat[all_receivers]).to(dtype),
        all_senders,
        all_receivers,
        torch.arange(n_geometries).repeat_interleave(n_atoms),
        n_geometries,
    )
    (gradient,) = torch.autograd.grad(energies.sum(), flat)
    return energies.detach(), -gradient.reshape(n_geometries, n_atoms, 3)


def _cutoff_angstrom(model: nn.Module) -> float:
    """Give a student's reach, with room for rounding; endless where it names none."""
    cutoff = getattr(model, "cutoff", None)
    return 1.000001 * float(cutoff) if cutoff is not None else float("inf")
