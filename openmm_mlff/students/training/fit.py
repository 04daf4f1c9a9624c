"""Train a student on labelled frames and evaluate it on held-out frames."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from vesin_torch import NeighborList

from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.training.frames import LabelledFrame, by_origin
from openmm_mlff.units import EV_PER_BAR_ANGSTROM3

FRAMES_AT_ONCE = 64
"""Frames evaluated together, so that little memory is used."""


@dataclass(frozen=True)
class TrainingPlan:
    """Training settings of a student.

    Attributes:
        epochs: passes over the data.
        batch_size: frames per step.
        learning_rate: highest rate of the one-cycle schedule.
        force_scale_ev_per_angstrom: the loss is quadratic in smaller force errors, linear in
        larger.
        energy_scale_ev_per_atom: the same for energies.
        energy_weight: weight of the energy term relative to the force term.
        virial_scale_ev_per_atom: the same scale for virials of periodic boxes.
        virial_weight: weight of the virial term relative to the force term.
        average_decay: decay of the running average of the weights, which is kept.
    """

    epochs: int = 40
    batch_size: int = 12
    learning_rate: float = 2e-3
    force_scale_ev_per_angstrom: float = 0.05
    energy_scale_ev_per_atom: float = 0.002
    energy_weight: float = 0.5
    virial_scale_ev_per_atom: float = 0.01
    virial_weight: float = 1.0
    average_decay: float = 0.999


@dataclass(frozen=True)
class Batch:
    """B frames joined into one graph of N atoms and E ordered pairs.

    Attributes:
        atomic_numbers: int64 (N,).
        positions: float64 (N, 3), Å.
        shifts: float64 (E, 3), Å, from the sender to its image in a periodic box.
        senders: int64 (E,).
        receivers: int64 (E,).
        graph: int64 (N,), index of the frame of each atom.
        sizes: int64 (B,), atoms of each frame.
        energies: the teacher's, float64 (B,), eV.
        forces: the teacher's, float64 (N, 3), eV/Å.
        boxes: int64 (P,), indices of the periodic frames.
        virials: the teacher's of these, float64 (P, 3, 3), eV.
    """

    atomic_numbers: Tensor
    positions: Tensor
    shifts: Tensor
    senders: Tensor
    receivers: Tensor
    graph: Tensor
    sizes: Tensor
    energies: Tensor
    forces: Tensor
    boxes: Tensor
    virials: Tensor


def join(frames: Sequence[LabelledFrame], *, cutoff_angstrom: float) -> Batch:
    """Join at least one frame into a batch; pairs beyond the cutoff do not contribute."""
    senders, receivers, shifts, offset = [], [], [], 0
    for frame in frames:
        i, j, shift = _pairs(frame, cutoff_angstrom)
        senders.append(j + offset)
        receivers.append(i + offset)
        shifts.append(shift)
        offset += len(frame.atomic_numbers)
    sizes = torch.tensor([len(frame.atomic_numbers) for frame in frames])
    virials = {n: frame.virial_ev for n, frame in enumerate(frames) if frame.virial_ev is not None}
    return Batch(
        torch.from_numpy(np.concatenate([frame.atomic_numbers for frame in frames])),
        torch.from_numpy(np.concatenate([frame.positions_angstrom for frame in frames])),
        torch.from_numpy(np.concatenate(shifts)),
        torch.from_numpy(np.concatenate(senders)),
        torch.from_numpy(np.concatenate(receivers)),
        torch.repeat_interleave(torch.arange(len(frames)), sizes),
        sizes,
        torch.tensor([frame.energy_ev for frame in frames], dtype=torch.float64),
        torch.from_numpy(np.concatenate([frame.forces_ev_per_angstrom for frame in frames])),
        torch.tensor(list(virials), dtype=torch.int64),
        torch.from_numpy(np.array(list(virials.values())).reshape(-1, 3, 3)),
    )


def _pairs(frame: LabelledFrame, cutoff_angstrom: float) -> tuple[np.ndarray, ...]:
    """Return receivers (E,), senders (E,) and shifts (E, 3), Å, of all pairs within the cutoff.

    In a periodic box an atom can be paired with several images of another, and of itself.
    """
    x = frame.positions_angstrom
    if frame.cell_angstrom is not None:
        i, j, images = NeighborList(cutoff=cutoff_angstrom, full_list=True).compute(
            points=torch.from_numpy(x),
            box=torch.from_numpy(frame.cell_angstrom),
            periodic=True,
            quantities="ijS",
            copy=True,
        )
        return i.numpy(), j.numpy(), images.numpy() @ frame.cell_angstrom
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    i, j = np.nonzero(distance < cutoff_angstrom)
    return i, j, np.zeros((len(i), 3))


def predict(
    model: torch.nn.Module, batch: Batch, *, training: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Evaluate a student in float32 on a batch.

    ``training``: whether the loss will be differentiated through forces and virials.

    Returns:
        Energies (B,), eV, forces (N, 3), eV/Å, and virials of the periodic frames (P, 3, 3), eV,
        float64.
    """
    positions = batch.positions.clone().requires_grad_()
    strains = positions.new_zeros(len(batch.boxes), 3, 3).requires_grad_()
    displacements = positions[batch.senders] - positions[batch.receivers] + batch.shifts
    if len(batch.boxes):
        each = positions.new_zeros(len(batch.sizes), 3, 3).index_copy(0, batch.boxes, strains)
        strain = each[batch.graph[batch.receivers]]
        displacements = displacements + (displacements.unsqueeze(1) @ strain).squeeze(1)
    energies = model(
        batch.atomic_numbers,
        displacements.to(torch.float32),
        batch.senders,
        batch.receivers,
        batch.graph,
        len(batch.sizes),
    )
    gradient, virials = torch.autograd.grad(
        energies.sum(),
        (positions, strains),
        create_graph=training,
        materialize_grads=True,
    )
    return energies, -gradient, virials


def pseudo_huber(error: Tensor, scale: float) -> Tensor:
    """Compute scale · (√(1 + (error/scale)²) − 1): quadratic below `scale`, linear above."""
    return scale * (torch.sqrt(1.0 + (error / scale) ** 2) - 1.0)


def loss_of(
    energies: Tensor, forces: Tensor, virials: Tensor, batch: Batch, plan: TrainingPlan
) -> Tensor:
    """Compute the pseudo-Huber loss of the results of :func:`predict`.

    The terms are those of force vectors, and of energies and virials per atom.
    """
    force_error = torch.sqrt(((forces - batch.forces) ** 2).sum(-1) + 1e-12)
    energy_error = (energies - batch.energies) / batch.sizes
    force_term = pseudo_huber(force_error, plan.force_scale_ev_per_angstrom).mean()
    energy_term = pseudo_huber(energy_error, plan.energy_scale_ev_per_atom).mean()
    loss = force_term + plan.energy_weight * energy_term
    if not len(batch.boxes):
        return loss
    squared = ((virials - batch.virials) ** 2).sum((1, 2)) + 1e-12
    virial_error = torch.sqrt(squared) / batch.sizes[batch.boxes]
    virial_term = pseudo_huber(virial_error, plan.virial_scale_ev_per_atom).mean()
    return loss + plan.virial_weight * virial_term


def new_student(config: PaiNNConfig, frames: Sequence[LabelledFrame], *, seed: int) -> PaiNN:
    """Return a float32 student with random weights and the teacher's free-atom energies.

    The last bias is the mean binding energy per atom, so that training starts at the right scale.
    The frames must contain the free atom of each element.
    """
    free = {
        int(frame.atomic_numbers[0]): frame.energy_ev
        for frame in frames
        if len(frame.atomic_numbers) == 1
    }
    binding = [
        (frame.energy_ev - sum(free[int(z)] for z in frame.atomic_numbers))
        / len(frame.atomic_numbers)
        for frame in frames
    ]
    torch.manual_seed(seed)
    model = PaiNN(config)
    references = torch.tensor([free[z] for z in config.elements], dtype=torch.float64)
    with torch.no_grad():
        model.reference_energies.copy_(references)
        cast(torch.nn.Linear, model.readout[-1]).bias.fill_(float(np.mean(binding)))
    return model


def train_student(
    model: PaiNN,
    frames: Sequence[LabelledFrame],
    plan: TrainingPlan,
    *,
    seed: int,
    on_epoch: Callable[[int, float, torch.nn.Module], None] | None = None,
) -> PaiNN:
    """Train in place and return the model with averaged weights.

    ``on_epoch`` is called after each epoch with its number, mean loss and the averaged model.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
    steps = math.ceil(len(frames) / plan.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        plan.learning_rate,
        total_steps=plan.epochs * steps,
        pct_start=0.1,
        final_div_factor=100,
    )
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(plan.average_decay))
    rng = np.random.default_rng(seed)
    for epoch in range(1, plan.epochs + 1):
        total = 0.0
        for chunk in np.array_split(rng.permutation(len(frames)), steps):
            batch = join([frames[index] for index in chunk], cutoff_angstrom=model.cutoff)
            loss = loss_of(*predict(model, batch, training=True), batch, plan)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(model)
            total += float(loss.detach()) * len(chunk)
        if on_epoch:
            on_epoch(epoch, total / len(frames), averaged.module)
    model.load_state_dict(averaged.module.state_dict())
    return model


def held_out_errors(model: PaiNN, frames: Sequence[LabelledFrame]) -> dict[str, dict[str, float]]:
    """Compute errors of a float32 student by origin of the frames, which were not trained on.

    The keys are `force_rmse_ev_per_angstrom`, `energy_mae_mev_per_atom`, `frames`, and of periodic
    boxes `pressure_mae_bar`.
    """
    table: dict[str, dict[str, float]] = {}
    for origin, group in sorted(by_origin(frames).items()):
        starts = range(0, len(group), FRAMES_AT_ONCE)
        errors = [_errors(model, group[start : start + FRAMES_AT_ONCE]) for start in starts]
        force, energy, pressure = (torch.cat(parts) for parts in zip(*errors, strict=True))
        table[origin] = {
            "force_rmse_ev_per_angstrom": float(torch.sqrt((force**2).mean())),
            "energy_mae_mev_per_atom": 1000.0 * float(energy.abs().mean()),
            "frames": len(group),
        }
        if len(pressure):
            table[origin]["pressure_mae_bar"] = float(pressure.abs().mean()) / EV_PER_BAR_ANGSTROM3
    return table


def _errors(model: PaiNN, frames: Sequence[LabelledFrame]) -> tuple[Tensor, Tensor, Tensor]:
    """Return errors of forces (N, 3), energies per atom (B,) and negative pressures (P,), eV/Å³."""
    batch = join(frames, cutoff_angstrom=model.cutoff)
    energies, forces, virials = (each.detach() for each in predict(model, batch, training=False))
    cells = [frame.cell_angstrom for frame in frames if frame.cell_angstrom is not None]
    volumes = torch.from_numpy(np.abs(np.linalg.det(np.array(cells).reshape(-1, 3, 3))))
    traces = (virials - batch.virials).diagonal(dim1=1, dim2=2).sum(1)
    return forces - batch.forces, (energies - batch.energies) / batch.sizes, traces / 3 / volumes
