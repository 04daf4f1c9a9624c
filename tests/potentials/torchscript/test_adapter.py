from dataclasses import replace

import numpy as np
import pytest
import torch

from openmm_mlff.potentials.torchscript.adapter import OPENMM, Scales, adapt, fits_as_it_is
from openmm_mlff.potentials.torchscript.signature import Argument, Contract

ATOMIC = Scales(energy_ev=1.0, length_angstrom=1.0)
POSITIONS = Contract("positions", outputs_forces=False)
WITH_FLOAT, WITH_TENSOR = (
    replace(POSITIONS, parameters=(Argument("k", kind),)) for kind in ("float", "Tensor")
)
PLACED = torch.tensor(np.random.default_rng(1).normal(size=(3, 3)))


def adapted(module, scales=ATOMIC, **options):
    return adapt(module, POSITIONS, scales, atomic_numbers=torch.tensor([8, 1, 1]), **options)


@pytest.mark.parametrize(
    ("contract", "scales", "fits"),
    [
        (POSITIONS, OPENMM, True),
        (POSITIONS, ATOMIC, False),
        (replace(POSITIONS, name="numbers-positions"), OPENMM, False),
        (WITH_FLOAT, OPENMM, False),
        (replace(WITH_TENSOR, skips_arguments=True), OPENMM, False),
    ],
)
def test_only_openmms_contract_is_run_without_an_adapter(scripted, contract, scales, fits):
    assert fits_as_it_is(contract, scales) is fits
    if contract is POSITIONS:
        module = scripted("Springs")
        assert (adapted(module, scales) is module) is fits
        assert adapted(module, scales, particles=[0, 1, 2]) is not module


def test_each_adapter_of_one_process_keeps_its_own_scale(scripted):
    module = scripted("Springs")
    plain = float(module(PLACED * 10.0).detach())
    energies_ev = (1.0, 2.0, 3.0)
    adapters = [
        adapted(module, Scales(energy_ev, length_angstrom=1.0)) for energy_ev in energies_ev
    ]
    found = [float(one(PLACED).detach()) for one in adapters]
    assert found == pytest.approx([plain * energy_ev * 96.4853321 for energy_ev in energies_ev])


def test_an_energy_in_single_precision_is_scaled_in_double(scripted):
    module = scripted("SingleWithCast")
    energy = adapted(module)(PLACED)
    assert (energy.dtype, energy.shape) == (torch.float64, ())
    scale = ATOMIC.energy_ev / OPENMM.energy_ev
    assert float(energy.detach()) == float(module(PLACED * 10.0).detach().double()) * scale
