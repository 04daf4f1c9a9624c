"""The floor of a step: operations are counted, not timed."""

import pytest
import torch

from openmm_mlff.benchmark import floor
from openmm_mlff.benchmark.floor import floor_of_step
from openmm_mlff.potentials import load_potential


class Product(torch.nn.Module):
    """Multiplies (3, 3) by (3, 5) and back: 2 · 3 · 3 · 5 operations each."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.ones(3, 5, dtype=torch.float64))

    def forward(self, positions):
        mixed = torch.mm(positions, self.weights)
        return mixed.sum(), torch.mm(mixed, self.weights.t())


def test_products_are_counted_and_weights_weighed(monkeypatch, water):
    potential = load_potential("student:ultra-tiny")
    monkeypatch.setattr(potential, "deployed", lambda _: Product())
    monkeypatch.setattr(floor, "compiled_or", lambda function: function)
    found = floor_of_step(potential, water, rounds=2)
    assert found["mflop"] == pytest.approx(2 * 90 / 1e6)
    assert found["weights_mebibytes"] == pytest.approx(15 * 8 / 2**20)
    assert found["floor_ms"] == pytest.approx(found["mflop"] / found["gemm_gflop_per_s"], rel=0.5)
    assert 0.0 < found["share"] < 1.0
