"""A small student with random weights, and its evaluation."""

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.training.frames import LabelledFrame

Evaluate = Callable[[torch.nn.Module, np.ndarray, np.ndarray], tuple[float, np.ndarray]]


@pytest.fixture
def small_config() -> PaiNNConfig:
    return PaiNNConfig(features=8, interactions=3, basis=7)


@pytest.fixture
def small_model(small_config) -> torch.nn.Module:
    """Random weights in float64, large enough for every term to matter."""
    torch.manual_seed(11)
    model = PaiNN(small_config)
    with torch.no_grad():
        model.reference_energies.copy_(torch.tensor([-10.7, -48.8, -71.0, -102.6]).double())
        for parameter in model.parameters():
            parameter.mul_(1.2)
    return in_dtype(model, torch.float64)


@pytest.fixture(scope="session")
def quick_run(repository):
    """Return a function that runs a training script quickly, and returns its folder and result."""

    def run(script, *arguments, folder):
        done = subprocess.run(
            [sys.executable, str(repository / "scripts" / script), "--quick", *arguments],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return folder / "runs" / "quick", done

    return run


def random_frame(n_atoms=3, seed=0, *, spread=1.5, origin="made/up") -> LabelledFrame:
    """A frame with random elements, positions and labels."""
    rng = np.random.default_rng(seed)
    return LabelledFrame(
        origin,
        rng.choice([1, 6, 7, 8], size=n_atoms),
        rng.normal(scale=spread, size=(n_atoms, 3)),
        float(rng.normal()),
        rng.normal(size=(n_atoms, 3)),
    )


def assert_same(left, right) -> None:
    """Check that labelled frames are equal in every field."""
    for one, two in zip(left, right, strict=True):
        np.testing.assert_equal(vars(one), vars(two))


def slope(energy, along, *, step=1e-4) -> float:
    """Return the central difference of an energy, a function of a displacement."""
    return float((energy(step * along) - energy(-step * along)) / (2.0 * step))


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """Return energy (eV) and forces (N, 3) (eV/Å) of one geometry in float64."""

    def _evaluate(model, numbers, positions):
        energies, forces = evaluate_batch(
            model,
            torch.tensor(np.array(numbers, dtype=np.int64)),
            torch.tensor(np.array(positions, dtype=float))[None],
            dtype=torch.float64,
        )
        return float(energies[0]), forces[0].numpy()

    return _evaluate
