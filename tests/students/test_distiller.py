"""The published students, against an implementation in plain NumPy written from their layout."""

import numpy as np
import pytest
import torch

from openmm_mlff.errors import CheckpointError
from openmm_mlff.molecules import load_system
from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.distiller import (
    DistillerConfig,
    DistillerStudent,
    build_distiller,
    config_of,
    is_distiller_state,
)

from .conftest import slope

CONFIG = DistillerConfig(features=7, interactions=3, basis=5, n_species=12, head=(6, 4))
LAST_MATRIX = "interactions.2.update.mixing_matrix"


def random_state() -> dict[str, torch.Tensor]:
    """Random weights, with mixing matrices that are not multiples of the identity."""
    torch.manual_seed(8)
    state = DistillerStudent(CONFIG).state_dict()
    state["rbf.centers"] = torch.linspace(0.0, 5.0, CONFIG.basis)
    state["rbf.widths"] = torch.full((CONFIG.basis,), 1.1)
    for name in state:
        if name.endswith("mixing_matrix"):
            state[name] = torch.eye(3) + 0.5 * torch.randn(3, 3)
    return state


def silu(x):
    return x / (1.0 + np.exp(-x))


def numpy_energy(state, numbers, positions, cutoff=5.0) -> float:
    """Atom by atom and pair by pair, in float64."""
    weights = {name: value.double().numpy() for name, value in state.items()}

    def linear(name, x):
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    n_atoms, features = len(numbers), weights["embedding.weight"].shape[1]
    scalars = weights["embedding.weight"][numbers]
    vectors = np.zeros((n_atoms, 3, features))
    steps = 1 + max(int(k.split(".")[1]) for k in weights if k.startswith("interactions."))
    for step in range(steps):
        message, update = (f"interactions.{step}.{part}" for part in ("message", "update"))
        new_scalars, new_vectors = scalars.copy(), vectors.copy()
        for i in range(n_atoms):
            for j in range(n_atoms):
                d = np.linalg.norm(positions[i] - positions[j])
                if i == j or d > cutoff:
                    continue
                u = (positions[i] - positions[j]) / (d + 1e-8)
                rbf = np.exp(-((d - weights["rbf.centers"]) ** 2) / weights["rbf.widths"] ** 2)
                rbf = rbf * 0.5 * (np.cos(np.pi * d / cutoff) + 1.0)
                hidden = silu(linear(f"{message}.rbf_to_scalar.0", rbf))
                fs, f1, f2 = np.split(linear(f"{message}.rbf_to_scalar.2", hidden), 3)
                new_scalars[j] += scalars[i] * fs
                new_vectors[j] += vectors[i] * f1 + np.outer(u, f2)
        scalars, vectors = new_scalars, new_vectors
        for i in range(n_atoms):
            length = np.sqrt((vectors[i] ** 2).sum(axis=0))
            inputs = np.concatenate([scalars[i], length])
            hidden = silu(linear(f"{update}.update_mlp.0", inputs))
            a, g1, g2 = np.split(linear(f"{update}.update_mlp.2", hidden), 3)
            mixed = weights.get(f"{update}.mixing_matrix", np.eye(3)) @ vectors[i]
            scalars[i] = scalars[i] + a
            vectors[i] = vectors[i] * g1 + mixed * g2
    energy = 0.0
    for i in range(n_atoms):
        hidden = silu(linear("energy_head.0", scalars[i]))
        hidden = silu(linear("energy_head.2", hidden))
        energy += linear("energy_head.4", hidden)[0]
    return float(energy)


@pytest.fixture(scope="module")
def acetamide():
    molecule = load_system("acetamide")
    noise = np.random.default_rng(1).normal(scale=0.05, size=(molecule.n_atoms, 3))
    # Stretched, so that some pairs are beyond the cutoff.
    return molecule.atomic_numbers, 1.3 * molecule.positions_angstrom + noise


@pytest.mark.parametrize("cutoff", [None, 2.0])
@pytest.mark.parametrize("last_matrix", [True, False])
def test_energy_is_that_of_the_published_layout(evaluate, acetamide, cutoff, last_matrix):
    state = random_state()
    expected = numpy_energy(state, *acetamide, cutoff=cutoff or 5.0)
    assert (np.linalg.norm(acetamide[1][:, None] - acetamide[1], axis=-1) > 5.0).any()
    if not last_matrix:
        # The last mixing matrix may be missing and changes nothing.
        del state[LAST_MATRIX]
    options = {} if cutoff is None else {"cutoff_angstrom": cutoff}
    model = in_dtype(build_distiller(state, **options), torch.float64)
    energy, _ = evaluate(model, *acetamide)
    assert energy == pytest.approx(expected, abs=1e-10)


def test_forces_are_the_gradient_and_few_atoms_have_them_too(evaluate, acetamide):
    numbers, positions = acetamide
    model = in_dtype(build_distiller(random_state()), torch.float64)
    _, forces = evaluate(model, numbers, positions)
    for seed in range(2):
        along = np.random.default_rng(seed).normal(size=positions.shape)
        rise = slope(lambda shift: numpy_energy(random_state(), numbers, positions + shift), along)
        assert -(forces * along).sum() == pytest.approx(rise, abs=1e-5)
    for n_atoms in (1, 2):
        energy, forces = evaluate(model, [8, 1][:n_atoms], np.eye(3)[:n_atoms])
        assert np.isfinite([energy, *forces.ravel()]).all()


def test_sizes_are_read_from_the_tensors_and_a_missing_one_is_named():
    state = random_state()
    assert config_of(state, cutoff_angstrom=None) == CONFIG
    assert is_distiller_state(state)
    assert not is_distiller_state({"embedding.weight": torch.ones(2, 2)})
    del state["energy_head.2.bias"]
    with pytest.raises(CheckpointError, match=r"energy_head\.2\.bias"):
        build_distiller(state)
