import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.export import call_fixed, call_free
from openmm_mlff.students.deployment import (
    FixedComposition,
    FreeComposition,
    all_pairs,
    in_dtype,
)
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.painn import PaiNN
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)], ids=str
)


@pytest.fixture(scope="module")
def frames():
    molecule = load_system("ethanol")
    noise = np.random.default_rng(4).normal(scale=0.05, size=(3, molecule.n_atoms, 3))
    return molecule.atomic_numbers, molecule.positions_angstrom + noise


def eager(model, numbers, positions, dtype):
    energies, forces = evaluate_batch(
        in_dtype(model, dtype), torch.tensor(numbers), torch.tensor(positions), dtype=dtype
    )
    return energies.numpy(), forces.numpy()


@DTYPES
def test_fixed_composition_is_the_model(small_model, frames, dtype, tolerance):
    numbers, positions = frames
    energies, forces = eager(small_model, numbers, positions, dtype)
    module = FixedComposition(small_model, torch.tensor(numbers), dtype).eval()
    for program in (module, torch.jit.script(module)):
        for index in (0, 1, 2, 0, 1, 2):
            energy, force = call_fixed(program, positions[index])
            assert energy == pytest.approx(energies[index], abs=tolerance)
            np.testing.assert_allclose(force, forces[index], atol=tolerance)


@DTYPES
def test_free_composition_is_the_model_for_every_molecule(small_model, frames, dtype, tolerance):
    numbers, positions = frames
    module = FreeComposition(small_model, dtype).eval()
    for program in (module, torch.jit.script(module)):
        # A size or an element frozen into the program would show in the second molecule.
        for size in (len(numbers), 4, 1, len(numbers)):
            energies, forces = eager(small_model, numbers[:size], positions[:1, :size], dtype)
            energy, force = call_free(program, numbers[:size], positions[0, :size])
            assert energy == pytest.approx(energies[0], abs=tolerance)
            np.testing.assert_allclose(force, forces[0], atol=tolerance)


def test_openmms_units_go_in_and_out(small_model, frames):
    numbers, positions = frames
    placed = torch.tensor(positions[0])
    free = FreeComposition(small_model, torch.float64)
    fixed = FixedComposition(small_model, torch.tensor(numbers), torch.float64)

    ratio = fixed(placed / ANGSTROM_PER_NM) / free(torch.tensor(numbers), placed)

    assert float(ratio) == pytest.approx(KJ_PER_MOL_PER_EV, rel=1e-12)


def test_positions_in_double_lose_nothing_far_from_the_origin(small_model, frames):
    numbers, positions = frames
    module = FixedComposition(small_model, torch.tensor(numbers), torch.float32)

    near, _ = call_fixed(module, positions[0])
    far, _ = call_fixed(module, positions[0] + 1.0e4)

    assert far == pytest.approx(near, abs=1e-5)


def test_another_precision_keeps_the_model_and_the_reference_energies(small_config):
    model = PaiNN(small_config)
    model.reference_energies.copy_(torch.tensor([-1, -2, -3, -1.0e5 - 1e-9], dtype=torch.float64))
    model.train()

    for dtype in (torch.float32, torch.float64):
        copy = in_dtype(model, dtype)

        assert torch.equal(copy.reference_energies, model.reference_energies)
        assert copy.reference_energies.dtype == torch.float64
        assert copy.embedding.weight.dtype == dtype
        assert not copy.training
        assert not any(parameter.requires_grad for parameter in copy.parameters())
    assert model.training
    assert model.embedding.weight.requires_grad
    assert model.embedding.weight.dtype == torch.float32


def test_deployed_modules_keep_the_reference_energies_too(small_model, frames):
    numbers, _ = frames
    for module in (
        FixedComposition(small_model, torch.tensor(numbers), torch.float32),
        FreeComposition(small_model, torch.float32),
    ):
        assert torch.equal(module.model.reference_energies, small_model.reference_energies)


@pytest.mark.parametrize("n_atoms", [1, 2, 5])
def test_all_ordered_pairs_receivers_ascending(n_atoms):
    senders, receivers = all_pairs(n_atoms)

    expected = [(j, i) for i in range(n_atoms) for j in range(n_atoms) if i != j]
    assert list(zip(senders.tolist(), receivers.tolist(), strict=True)) == expected


def test_a_lone_atom_runs_deployed(small_model):
    module = torch.jit.script(FixedComposition(small_model, torch.tensor([8]), torch.float64))

    for _ in range(3):
        energy, force = call_fixed(module, np.zeros((1, 3)))
        assert np.isfinite(energy)
        assert (force == 0).all()
