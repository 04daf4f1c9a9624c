"""Resuming with a TorchScript model, whose first evaluations run on another graph."""

import pytest
import torch

from openmm_mlff.potentials.torch_plugin import import_openmmtorch
from openmm_mlff.simulation import checkpoint, run_trajectory

from .conftest import record_of, stop_at


class Springs(torch.nn.Module):
    """Water of three springs, and a float32 network on top; nm in, kJ/mol out."""

    def __init__(self, lengths_nm):
        super().__init__()
        torch.manual_seed(1)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(3, 32), torch.nn.SiLU(), torch.nn.Linear(32, 1)
        )
        self.register_buffer("lengths_nm", lengths_nm)

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        x = positions.to(torch.float32)
        distances = torch.stack([(x[0] - x[1]).norm(), (x[0] - x[2]).norm(), (x[1] - x[2]).norm()])
        stretch = distances - self.lengths_nm
        return 1.0e5 * (stretch * stretch).sum() + 10.0 * self.network(distances).sum()


@pytest.fixture
def torch_system(water_system, water_minimum):
    x = torch.tensor(water_minimum / 10.0)
    lengths = torch.stack([(x[0] - x[1]).norm(), (x[0] - x[2]).norm(), (x[1] - x[2]).norm()])
    script = torch.jit.script(Springs(lengths.to(torch.float32)))
    for index in reversed(range(water_system.getNumForces())):
        water_system.removeForce(index)
    water_system.addForce(import_openmmtorch().TorchForce(script))
    return water_system


def test_a_resumed_run_equals_an_uninterrupted_one(
    torch_system, water, water_minimum, platform, job, tmp_path, monkeypatch
):
    # Save after each block.
    monkeypatch.setattr(checkpoint, "_LARGEST_SHARE", 1e9)

    def run(folder, on_progress=None):
        run_trajectory(
            torch_system,
            water,
            job(duration_ps=0.2, equilibration_ps=0.02),
            folder,
            platform=platform,
            start_positions_angstrom=water_minimum,
            on_progress=on_progress,
        )

    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", stop_at(200))
    assert record_of(tmp_path / "parts")["steps"] == 160
    run(tmp_path / "parts")
    for name in ("state.xml", "energies.csv", "momenta.csv"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
