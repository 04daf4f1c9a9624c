import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.export import call_fixed
from openmm_mlff.students.deployment import FixedComposition, FreeComposition, all_pairs, in_dtype
from openmm_mlff.students.painn import PaiNN
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


@pytest.fixture(scope="module")
def frames():
    molecule = load_system("ethanol")
    noise = np.random.default_rng(4).normal(scale=0.05, size=(3, molecule.n_atoms, 3))
    return molecule.atomic_numbers, molecule.positions_angstrom + noise


def test_openmms_units_are_used_and_distant_positions_lose_no_digits(small_model, frames):
    numbers, positions = frames
    placed = torch.tensor(positions[0])
    free = FreeComposition(small_model, torch.float64)
    fixed = FixedComposition(small_model, torch.tensor(numbers), torch.float64)
    ratio = fixed(placed / ANGSTROM_PER_NM) / free(torch.tensor(numbers), placed)
    assert float(ratio) == pytest.approx(KJ_PER_MOL_PER_EV, rel=1e-12)
    single = FixedComposition(small_model, torch.tensor(numbers), torch.float32)
    near, far = (call_fixed(single, positions[0] + shift)[0] for shift in (0.0, 1.0e4))
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


@pytest.mark.parametrize("n_atoms", [1, 2, 5])
def test_all_ordered_pairs_receivers_ascending(n_atoms):
    senders, receivers = all_pairs(n_atoms)
    expected = [(j, i) for i in range(n_atoms) for j in range(n_atoms) if i != j]
    assert list(zip(senders.tolist(), receivers.tolist(), strict=True)) == expected
