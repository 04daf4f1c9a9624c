"""Train a student on labelled frames and evaluate it on held-out frames."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.training.frames import LabelledFrame


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
        average_decay: decay of the running average of the weights, which is kept.
    """

    epochs: int = 40
    batch_size: int = 12
    learning_rate: float = 2e-3
    force_scale_ev_per_angstrom: float = 0.05
    energy_scale_ev_per_atom: float = 0.002
    energy_weight: float = 0.5
    average_decay: float = 0.999


@dataclass(frozen=True)
class Batch:
    """B frames joined into one graph of N atoms and E ordered pairs.

    Attributes:
        atomic_numbers: int64 (N,).
        positions: float64 (N, 3), Å.
        senders: int64 (E,).
        receivers: int64 (E,).
        graph: int64 (N,), index of the frame of each atom.
        sizes: int64 (B,), atoms of each frame.
        energies: the teacher's, float64 (B,), eV.
        forces: the teacher's, float64 (N, 3), eV/Å.
    """

    atomic_numbers: Tensor
    positions: Tensor
    senders: Tensor
    receivers: Tensor
    graph: Tensor
    sizes: Tensor
    energies: Tensor
    forces: Tensor


def join(frames: Sequence[LabelledFrame], *, cutoff_angstrom: float) -> Batch:
    """Join at least one frame into a batch; pairs beyond the cutoff do not contribute."""
    senders, receivers, offset = [], [], 0
    for frame in frames:
        x = frame.positions_angstrom
        distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
        np.fill_diagonal(distance, np.inf)
        i, j = np.nonzero(distance < cutoff_angstrom)
        senders.append(j + offset)
        receivers.append(i + offset)
        offset += len(x)
    sizes = torch.tensor([len(frame.atomic_numbers) for frame in frames])
    return Batch(
        torch.from_numpy(np.concatenate([frame.atomic_numbers for frame in frames])),
        torch.from_numpy(np.concatenate([frame.positions_angstrom for frame in frames])),
        torch.from_numpy(np.concatenate(senders)),
        torch.from_numpy(np.concatenate(receivers)),
        torch.repeat_interleave(torch.arange(len(frames)), sizes),
        sizes,
        torch.tensor([frame.energy_ev for frame in frames], dtype=torch.float64),
        torch.from_numpy(np.concatenate([frame.forces_ev_per_angstrom for frame in frames])),
    )


def predict(model: torch.nn.Module, batch: Batch, *, training: bool) -> tuple[Tensor, Tensor]:
    """Return energies (B,), eV, and forces (N, 3), eV/Å, float64, of a student in float32.

    ``training``: whether the loss will be differentiated through the forces.
    """
    positions = batch.positions.clone().requires_grad_()
    displacements = positions[batch.senders] - positions[batch.receivers]
    energies = model(
        batch.atomic_numbers,
        displacements.to(torch.float32),
        batch.senders,
        batch.receivers,
        batch.graph,
        len(batch.sizes),
    )
    (gradient,) = torch.autograd.grad(energies.sum(), positions, create_graph=training)
    return energies, -gradient


def pseudo_huber(error: Tensor, scale: float) -> Tensor:
    """Compute scale · (√(1 + (error/scale)²) − 1): quadratic below `scale`, linear above."""
    return scale * (torch.sqrt(1.0 + (error / scale) ** 2) - 1.0)


def loss_of(energies: Tensor, forces: Tensor, batch: Batch, plan: TrainingPlan) -> Tensor:
    """Compute the pseudo-Huber loss of force vectors, (N, 3), and of energies per atom, (B,)."""
    force_error = torch.sqrt(((forces - batch.forces) ** 2).sum(-1) + 1e-12)
    energy_error = (energies - batch.energies) / batch.sizes
    force_term = pseudo_huber(force_error, plan.force_scale_ev_per_angstrom).mean()
    energy_term = pseudo_huber(energy_error, plan.energy_scale_ev_per_atom).mean()
    return force_term + plan.energy_weight * energy_term


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


def held_out_errors(
    model: torch.nn.Module, frames: Sequence[LabelledFrame], *, cutoff_angstrom: float
) -> dict[str, dict[str, float]]:
    """Compute errors of a float32 student by origin of the frames, which were not trained on.

    The keys are `force_rmse_ev_per_angstrom`, `energy_mae_mev_per_atom`, `frames`.
    """
    origins = sorted({frame.origin for frame in frames})
    table: dict[str, dict[str, float]] = {}
    for origin in origins:
        group = [frame for frame in frames if frame.origin == origin]
        batch = join(group, cutoff_angstrom=cutoff_angstrom)
        energies, forces = predict(model, batch, training=False)
        force_rmse = torch.sqrt(((forces - batch.forces) ** 2).mean())
        energy_mae = ((energies - batch.energies) / batch.sizes).abs().mean()
        table[origin] = {
            "force_rmse_ev_per_angstrom": float(force_rmse.detach()),
            "energy_mae_mev_per_atom": 1000.0 * float(energy_mae.detach()),
            "frames": len(group),
        }
    return table
