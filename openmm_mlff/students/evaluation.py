"""Evaluate many geometries per call, at a cost proportional to the pairs within the cutoff."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.fast import ListedStudent
from openmm_mlff.students.neighbours import ROUNDING, neighbour_list
from openmm_mlff.students.painn import PaiNN

_PAIRS_AT_ONCE = 1_300
"""Pairs evaluated at once: enough to use a core fully, few enough to fit into its caches. A pair
takes 25 kB in the largest shipped student, so a batch needs much less than 1 GB."""

_DISTANCES_AT_ONCE = 1_000_000
"""Entries of a distance matrix, 8 MB; larger molecules use a neighbour search."""


def program_of(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return the fastest evaluator: the compiled :class:`ListedStudent` of a PaiNN, else a copy."""
    # A subclass may compute something else.
    if type(model) is PaiNN:
        program: nn.Module = torch.jit.script(ListedStudent(model, dtype).eval())
        return program
    return in_dtype(model, dtype)


def evaluate_batch(
    model: nn.Module, atomic_numbers: Tensor, positions: Tensor, *, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Evaluate many geometries of one isolated molecule.

    Args:
        model: a student in precision `dtype`, or the result of :func:`program_of`.
        atomic_numbers: int64 (N,).
        positions: float64 (G, N, 3), Å.
        dtype: dtype of the weights.

    Returns:
        Energies (G,) in eV and forces (G, N, 3) in eV/Å, float64.
    """
    n_atoms = positions.shape[1]
    energies, forces = [positions.new_zeros(0)], [positions.new_zeros(0, n_atoms, 3)]
    cutoff = getattr(model, "cutoff", None)
    if cutoff is not None and n_atoms**2 > _DISTANCES_AT_ONCE:
        for placed in positions:
            energy, force, _ = evaluate_with_list(model, atomic_numbers, placed, dtype=dtype)
            energies.append(energy[None])
            forces.append(force[None])
        return torch.cat(energies), torch.cat(forces)
    reach = float("inf") if cutoff is None else ROUNDING * float(cutoff)
    for part, receivers, senders in _parts(positions, reach):
        flat, size = part.reshape(-1, 3), part.shape[0]
        some, gradient = _energies_and_gradient(
            model,
            atomic_numbers.repeat(size),
            (flat.index_select(0, senders) - flat.index_select(0, receivers)).to(dtype),
            senders,
            receivers,
            torch.arange(size, device=flat.device).repeat_interleave(n_atoms),
            size,
        )
        energies.append(some)
        forces.append(_forces(gradient, flat, senders, receivers).view_as(part))
    return torch.cat(energies), torch.cat(forces)


def evaluate_with_list(
    model: nn.Module,
    atomic_numbers: Tensor,
    positions: Tensor,
    *,
    dtype: torch.dtype,
    cell: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Evaluate one geometry with a neighbour list, including its virial.

    Args:
        model: a student with a cutoff in precision `dtype`, or the result of :func:`program_of`.
        atomic_numbers: int64 (N,).
        positions: float64 (N, 3), Å.
        dtype: dtype of the weights.
        cell: float64 (3, 3), Å, rows; None for an isolated molecule.

    Returns:
        Energy (eV, scalar), forces (N, 3) in eV/Å, and dE/dε (3, 3) in eV for a strain ε of
        positions and box, r → r (1 + ε); float64.
    """
    placed = positions.detach()
    box = torch.zeros(3, 3, dtype=placed.dtype, device=placed.device) if cell is None else cell
    receivers, senders, shifts = neighbour_list(model).compute(
        points=placed, box=box, periodic=cell is not None, quantities="ijS", copy=True
    )
    apart = placed[senders] - placed[receivers] + shifts.to(placed.dtype) @ box
    graph = torch.zeros_like(atomic_numbers)
    energies, gradient = _energies_and_gradient(
        model, atomic_numbers, apart.to(dtype), senders, receivers, graph, 1
    )
    virial = apart.t() @ gradient.to(apart.dtype)
    return energies[0], _forces(gradient, placed, senders, receivers), virial


def _parts(positions: Tensor, reach: float) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Split (G, N, 3) into parts of some thousand pairs within reach, with their indices."""
    n_atoms = positions.shape[1]
    apart = ~torch.eye(n_atoms, dtype=torch.bool, device=positions.device)
    for block in positions.detach().split(max(1, _DISTANCES_AT_ONCE // n_atoms**2)):
        # The default for many atoms, matrix products, has too large rounding errors.
        distances = torch.cdist(block, block, compute_mode="donot_use_mm_for_euclid_dist")
        near = (distances <= reach) & apart
        start, held = 0, 0
        for index, count in enumerate(near.sum((1, 2)).tolist()):
            if index > start and held + count > _PAIRS_AT_ONCE:
                yield block[start:index], *_indices(near[start:index])
                start, held = index, 0
            held += count
        if len(block):
            yield block[start:], *_indices(near[start:])


def _indices(near: Tensor) -> tuple[Tensor, Tensor]:
    """Return receivers, ascending, and senders of pairs marked in (G, N, N)."""
    geometry, receivers, senders = near.nonzero().unbind(1)
    first = geometry * near.shape[1]
    return first + receivers, first + senders


def _energies_and_gradient(
    model: nn.Module,
    atomic_numbers: Tensor,
    displacements: Tensor,
    senders: Tensor,
    receivers: Tensor,
    graph: Tensor,
    n_graphs: int,
) -> tuple[Tensor, Tensor]:
    """Return energies and their gradient by displacements, with autograd if necessary."""
    displacements = displacements.detach().requires_grad_()
    found = model(atomic_numbers, displacements, senders, receivers, graph, n_graphs)
    if isinstance(found, tuple):
        energies, gradient = found
        return energies, gradient
    (gradient,) = torch.autograd.grad(found.sum(), displacements)
    return found.detach(), gradient


def _forces(gradient: Tensor, positions: Tensor, senders: Tensor, receivers: Tensor) -> Tensor:
    """Sum the gradient by displacements (E, 3) into forces (N, 3), in the dtype of positions."""
    pulls = gradient.to(positions.dtype)
    forces = torch.zeros_like(positions).index_add_(0, receivers, pulls)
    return forces.index_add_(0, senders, pulls, alpha=-1)
