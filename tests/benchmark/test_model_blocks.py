from dataclasses import replace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark import model_blocks
from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.model_blocks import (
    ASE_CALL,
    calculator_block,
    device_of,
    distorted,
    model_block,
)
from openmm_mlff.benchmark.plan import DEFAULT_BACKENDS
from openmm_mlff.benchmark.variants import NATIVE, Variant, load_variants
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation import PlatformChoice

from .conftest import CountingSprings


@pytest.fixture
def watched(monkeypatch):
    """Positions and results of the calls of a student's block."""
    given = []
    real = model_blocks._tensor_block

    def watch(call, *arguments, **options):
        def kept(placed, *box):
            given.append((placed.clone(), call(placed, *box)))

        return real(kept, *arguments, **options)

    monkeypatch.setattr(model_blocks, "_tensor_block", watch)
    return given


def forces_of(given):
    """Find the one tensor of the shape of the positions, up to its sign."""
    (forces,) = (one for one in given if one.ndim == 2)
    return forces.detach().abs().numpy()


@pytest.mark.parametrize("backend", DEFAULT_BACKENDS)
def test_the_forces_are_those_of_the_student(specs, setting, start, watched, backend):
    (variant,) = load_variants(specs[1], backends=(backend,))
    block, name = model_block(variant, replace(setting, precision="double"), start)
    assert name == ("PyTorch module" if backend == "python" else "TorchScript module")
    assert block(10) > 0.0
    assert len(watched) == 10
    placed, given = watched[3]
    expected = load_potential(specs[1]).evaluate(
        setting.molecule, 10.0 * placed.numpy()[None], precision="double"
    )
    kj_per_mol_nm = 964.8533212331002
    np.testing.assert_allclose(
        forces_of(given),
        np.abs(expected.forces_ev_per_angstrom[0]) * kj_per_mol_nm,
        rtol=1e-6,
        atol=1e-6,
    )
    assert not torch.equal(watched[0][0], watched[1][0])


@pytest.mark.parametrize("backend", ["torchforce", "python"])
def test_a_periodic_box_is_passed(specs, setting, watched, backend):
    box = replace(setting, molecule=load_system("water_box_64"))
    (variant,) = load_variants(specs[1], backends=(backend,))
    start = thermal_start(box, box.molecule.positions_angstrom)
    block, _ = model_block(variant, box, start)
    assert block(1) > 0.0
    assert forces_of(watched[0][1]).max() > 0.0


def test_a_calculator_is_called_once_per_step(setting, start, monkeypatch):
    potential = load_potential("ase:ase.calculators.emt:EMT")
    calculator = CountingSprings()
    monkeypatch.setattr(potential, "ase_calculator", lambda **_: calculator)
    block, name = model_block(Variant(potential, NATIVE), setting, start)
    assert name == ASE_CALL
    block(12)
    assert len(calculator.seen) == 12


def test_calls_alternate_between_distorted_geometries(setting, start):
    calculator = CountingSprings()
    geometries = distorted(setting, start)
    np.testing.assert_array_equal(geometries, distorted(setting, start))
    assert 0.0 < np.abs(geometries - start.positions_angstrom).max() < 0.1
    calculator_block(calculator, setting.molecule, geometries)(len(geometries) + 1)
    np.testing.assert_array_equal(calculator.seen, [*geometries, geometries[0]])


@pytest.mark.parametrize(
    ("platform", "backend", "device"),
    [
        ("CUDA", "torchforce", "cuda"),
        ("CUDA", "python-compiled", "cpu"),
        ("OpenCL", "torchforce", "cpu"),
    ],
)
def test_device_of_the_model_alone(setting, platform, backend, device):
    on_platform = replace(setting, platform=PlatformChoice(platform))
    assert device_of(Variant(None, backend), on_platform) == device
