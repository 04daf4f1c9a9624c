"""A small student with random weights, and how to ask it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from openmm_mlff.students.deployment import all_pairs, in_dtype
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

REFERENCE_ENERGIES_EV = (-10.7, -48.8, -71.0, -102.6)

Evaluate = Callable[[torch.nn.Module, np.ndarray, np.ndarray], tuple[float, np.ndarray]]


@pytest.fixture
def small_config() -> PaiNNConfig:
    return PaiNNConfig(features=8, interactions=3, basis=7)


@pytest.fixture
def small_model(small_config) -> torch.nn.Module:
    """Random weights in float64, loud enough for every term to matter."""
    torch.manual_seed(11)
    model = PaiNN(small_config)
    with torch.no_grad():
        model.reference_energies.copy_(torch.tensor(REFERENCE_ENERGIES_EV, dtype=torch.float64))
        for parameter in model.parameters():
            parameter.mul_(1.2)
    return in_dtype(model, torch.float64)


@pytest.fixture
def evaluate() -> Evaluate:
    """Give energy (eV) and forces (N, 3) (eV/Å) of one geometry in float64."""

    def _evaluate(model, numbers, positions):
        energies, forces = evaluate_batch(
            model,
            torch.tensor(np.array(numbers, dtype=np.int64)),
            torch.tensor(np.array(positions, dtype=float))[None],
            dtype=torch.float64,
        )
        return float(energies[0]), forces[0].numpy()

    return _evaluate


@pytest.fixture
def complete_graph():
    """Give the arguments of a student's `forward` for one molecule, all pairs joined."""

    def _graph(numbers, positions, dtype=torch.float64):
        numbers = torch.tensor(np.array(numbers, dtype=np.int64))
        placed = torch.tensor(np.array(positions, dtype=float), requires_grad=True)
        senders, receivers = all_pairs(len(numbers))
        displacements = (placed[senders] - placed[receivers]).to(dtype)
        arguments = (numbers, displacements, senders, receivers, torch.zeros_like(numbers), 1)
        return placed, arguments

    return _graph
