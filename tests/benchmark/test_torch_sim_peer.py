import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark import torch_sim_peer
from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.torch_sim_peer import torch_sim_block, torch_sim_is_installed
from openmm_mlff.potentials import load_potential


@pytest.fixture
def stand_in(monkeypatch):
    """A module with the parts of torch-sim's interface that are used; keeps what it is asked."""
    asked = []

    class ModelInterface:
        pass

    def integrate(**options):
        asked.append(options)

    module = ModuleType("torch_sim")
    module.integrate = integrate
    module.Integrator = SimpleNamespace(nve="nve")
    interface = ModuleType("torch_sim.models.interface")
    interface.ModelInterface = ModelInterface
    monkeypatch.setitem(sys.modules, "torch_sim", module)
    monkeypatch.setitem(sys.modules, "torch_sim.models", ModuleType("torch_sim.models"))
    monkeypatch.setitem(sys.modules, "torch_sim.models.interface", interface)
    return asked


def test_whether_it_is_installed_is_asked_without_import(monkeypatch):
    monkeypatch.setattr(torch_sim_peer.importlib.util, "find_spec", lambda name: None)
    assert not torch_sim_is_installed()
    monkeypatch.setattr(torch_sim_peer.importlib.util, "find_spec", lambda name: name)
    assert torch_sim_is_installed()


def test_it_is_asked_for_steps_with_the_forces_of_the_student(stand_in, specs, water):
    potential = load_potential(specs[1])
    start = thermal_start(
        water, positions_angstrom=water.positions_angstrom, temperature_kelvin=300.0, seed=1
    )
    block = torch_sim_block(
        potential,
        water,
        start=start,
        precision="double",
        timestep_fs=0.5,
        temperature_kelvin=300.0,
    )
    assert block(7) > 0.0
    (asked,) = stand_in
    assert (asked["n_steps"], asked["integrator"]) == (7, "nve")
    assert asked["timestep"] == pytest.approx(0.0005)
    np.testing.assert_allclose(asked["system"].positions, water.positions_angstrom)
    given = asked["model"](SimpleNamespace(positions=torch.tensor(water.positions_angstrom)))
    expected = potential.evaluate(water, water.positions_angstrom[None], precision="double")
    assert given["energy"].shape == (1,)
    np.testing.assert_allclose(given["energy"], expected.energies_ev, rtol=1e-10)
    np.testing.assert_allclose(
        given["forces"], expected.forces_ev_per_angstrom[0], rtol=1e-6, atol=1e-8
    )
