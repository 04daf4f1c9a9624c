import numpy as np
import pytest
import torch

from openmm_mlff.potentials.torchscript.adapter import adapt, fits_as_it_is, forward_source
from openmm_mlff.potentials.torchscript.scales import OPENMM, Scales
from openmm_mlff.potentials.torchscript.signature import Argument, Contract

ATOMIC = Scales(energy_ev=1.0, length_angstrom=1.0)
POSITIONS = Contract("positions", outputs_forces=False)


def test_a_file_of_openmms_contract_is_run_itself(models):
    module = torch.jit.script(models.Springs())
    numbers = torch.tensor([8, 1, 1])
    assert adapt(module, POSITIONS, OPENMM, atomic_numbers=numbers) is module
    assert adapt(module, POSITIONS, ATOMIC, atomic_numbers=numbers) is not module
    assert adapt(module, POSITIONS, OPENMM, atomic_numbers=numbers, particles=[0, 1, 2]) is not (
        module
    )


@pytest.mark.parametrize(
    "contract",
    [
        Contract("numbers-positions", outputs_forces=False),
        Contract("positions", outputs_forces=False, parameters=(Argument("k", "float"),)),
        Contract(
            "positions",
            outputs_forces=False,
            parameters=(Argument("k", "Tensor"),),
            skips_arguments=True,
        ),
    ],
)
def test_what_torchforce_cannot_call_is_adapted(contract):
    assert not fits_as_it_is(contract, OPENMM)


def test_two_adapters_in_one_process_keep_their_own_forward(models):
    module = torch.jit.script(models.Springs())
    numbers = torch.tensor([8, 1, 1])
    positions = torch.tensor(np.random.default_rng(1).normal(size=(3, 3)))
    plain = float(module(positions * 10.0).detach())
    adapters = [
        adapt(module, POSITIONS, Scales(energy_ev, length_angstrom=1.0), atomic_numbers=numbers)
        for energy_ev in (1.0, 2.0, 3.0)
    ]
    for adapted, energy_ev in zip(adapters, (1.0, 2.0, 3.0), strict=True):
        assert float(adapted(positions).detach()) == pytest.approx(plain * energy_ev * 96.4853321)


def test_an_energy_in_single_precision_is_scaled_in_double(models):
    module = torch.jit.script(models.Single(True))
    positions = torch.tensor(np.random.default_rng(1).normal(size=(3, 3)))
    adapted = adapt(module, POSITIONS, ATOMIC, atomic_numbers=torch.tensor([8, 1, 1]))
    energy = adapted(positions)
    assert energy.dtype == torch.float64
    assert energy.shape == ()
    assert float(energy.detach()) == float(module(positions * 10.0).detach().double()) * (
        ATOMIC.energy_ev / OPENMM.energy_ev
    )


def test_forces_of_some_particles_are_given_back_to_them():
    source = forward_source(Contract("positions", outputs_forces=True), OPENMM, some_particles=True)
    assert "positions[self.particles] * 1.0" in source
    assert "index_copy(0, self.particles, pushed)" in source
