"""Functions compiled ahead of time: equal numbers, cached, and distinguished."""

import pytest
import torch

from openmm_mlff.potentials import ahead
from openmm_mlff.potentials.ahead import compile_ahead
from openmm_mlff.potentials.python_backend import eager_gradient, own_gradient


@pytest.fixture(autouse=True)
def _folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(ahead, "compiled_folder", lambda: tmp_path)


class Spring(torch.nn.Module):
    def __init__(self, stiffness=1.0):
        super().__init__()
        self.register_buffer("stiffness", torch.tensor(stiffness, dtype=torch.float64))

    def forward(self, positions):
        return 0.5 * self.stiffness * (positions[1] - positions[0]).square().sum()


class SpringWithForces(Spring):
    def forward(self, positions):
        apart = self.stiffness * (positions[1] - positions[0])
        return super().forward(positions), torch.stack([apart, -apart])


POSITIONS = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]], dtype=torch.float64)


@pytest.mark.slow
def test_a_compiled_gradient_is_the_analytic_one_and_is_cached(monkeypatch, tmp_path):
    function = eager_gradient(Spring(2.0))
    first = gradient, energy = compile_ahead(function, POSITIONS)(POSITIONS)
    torch.testing.assert_close(gradient, 2.0 * torch.stack([-POSITIONS[1], POSITIONS[1]]))
    assert float(energy) == pytest.approx(9.0)
    assert {path.suffix for path in tmp_path.iterdir()} == {".pt2"}
    monkeypatch.setattr(ahead, "_build", None)
    torch.testing.assert_close(compile_ahead(function, POSITIONS)(POSITIONS), first)


def test_weights_shapes_threads_and_operations_distinguish_functions(monkeypatch):
    seen = []

    def note(graph, asked, package):
        seen.append(package.name)
        # What is traced is what would be compiled.
        for traced, expected in zip(graph(*asked), function(*asked), strict=True):
            torch.testing.assert_close(traced, expected)
        raise RuntimeError("not built here")

    monkeypatch.setattr(ahead, "_build", note)
    more = torch.cat([POSITIONS, POSITIONS])
    for function, positions in (
        (eager_gradient(Spring(1.0)), POSITIONS),
        (eager_gradient(Spring(2.0)), POSITIONS),
        (eager_gradient(Spring(1.0)), more),
        (own_gradient(SpringWithForces(1.0)), POSITIONS),
    ):
        for threads in (1, 2):
            monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
            with pytest.raises(RuntimeError, match="not built here"):
                compile_ahead(function, positions)
    assert len(set(seen)) == len(seen) == 8
