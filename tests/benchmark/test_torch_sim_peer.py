import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.torch_sim_peer import torch_sim_block
from openmm_mlff.potentials import load_potential


@pytest.fixture
def stand_in(monkeypatch):
    """A module with the parts of torch-sim's interface that are used; keeps what it is asked."""
    asked = SimpleNamespace(atoms=[], kt=None, steps=[], model=None)

    class ModelInterface:
        @property
        def device(self):
            return self._device

    def initialize_state(atoms, *, device, dtype):
        asked.atoms = atoms
        positions = np.concatenate([one.positions for one in atoms])
        return SimpleNamespace(positions=torch.tensor(positions, device=device, dtype=dtype))

    def nve_init(state, model, *, kT):  # noqa: N803
        asked.kt, asked.model = float(kT), model
        return state

    def nve_step(state, model, *, dt):
        asked.steps.append(float(dt))
        return state

    module = ModuleType("torch_sim")
    module.initialize_state = initialize_state
    module.nve_init = nve_init
    module.nve_step = nve_step
    interface = ModuleType("torch_sim.models.interface")
    interface.ModelInterface = ModelInterface
    units = ModuleType("torch_sim.units")
    units.MetalUnits = SimpleNamespace(time=98.22694788464062)
    for one in (module, units, interface):
        monkeypatch.setitem(sys.modules, one.__name__, one)
    monkeypatch.setitem(sys.modules, "torch_sim.models", ModuleType("torch_sim.models"))
    return asked


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
        n_replicas=2,
    )
    assert block(7) > 0.0
    assert len(stand_in.steps) == 7
    # Its unit of time is Å √(amu/eV).
    assert stand_in.steps[0] == pytest.approx(0.5 / 10.18051, rel=1e-5)
    assert stand_in.kt == pytest.approx(300.0 * 8.617333e-5)
    assert len(stand_in.atoms) == 2
    placed = np.tile(water.positions_angstrom, (2, 1))
    given = stand_in.model(SimpleNamespace(positions=torch.tensor(placed)))
    expected = potential.evaluate(water, water.positions_angstrom[None], precision="double")
    assert given["energy"].shape == (2,)
    np.testing.assert_allclose(given["energy"], expected.energies_ev.repeat(2), rtol=1e-10)
    np.testing.assert_allclose(
        given["forces"][3:], expected.forces_ev_per_angstrom[0], rtol=1e-6, atol=1e-8
    )
