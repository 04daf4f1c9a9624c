"""SchNetPack itself where it is installed, else a stand-in with the parts of it that are used."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark.schnetpack_peer import schnetpack_block
from openmm_mlff.errors import UserError
from openmm_mlff.potentials import load_potential


@pytest.fixture
def stand_in(monkeypatch):
    """Modules that keep what they are asked."""
    asked = SimpleNamespace(sizes={}, inputs=[])

    class Network(torch.nn.Module):
        def __init__(self, *, representation, input_modules, output_modules):
            super().__init__()
            self.weight = torch.nn.Linear(1, 1)
            asked.sizes = representation

        def forward(self, inputs):
            asked.inputs.append(inputs)

    def keep(**named):
        return named

    names = {
        "representation": {"PaiNN": keep},
        "model": {"NeuralNetworkPotential": Network},
        "nn": {"GaussianRBF": keep, "CosineCutoff": float},
        "atomistic": {"PairwiseDistances": object, "Atomwise": keep, "Forces": keep},
    }
    monkeypatch.setitem(sys.modules, "schnetpack", ModuleType("schnetpack"))
    for name, contents in names.items():
        module = ModuleType(f"schnetpack.{name}")
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


def block_on(water, spec):
    geometries = water.positions_angstrom + np.zeros((2, 1, 1))
    return schnetpack_block(
        load_potential(spec), water, geometries_angstrom=geometries, precision="mixed"
    )


def test_it_has_the_size_of_the_student_and_all_pairs(stand_in, specs, water):
    block = block_on(water, specs[0])
    assert block(3) > 0.0
    config = load_potential(specs[0]).student.record.config
    assert stand_in.sizes == {
        "n_atom_basis": config.features,
        "n_interactions": config.interactions,
        "radial_basis": {"n_rbf": config.basis, "cutoff": config.cutoff_angstrom},
        "cutoff_fn": config.cutoff_angstrom,
    }
    assert len(stand_in.inputs) == 3
    assert stand_in.inputs[0]["_positions"].dtype == torch.float32
    pairs = set(
        zip(
            stand_in.inputs[0]["_idx_i"].tolist(),
            stand_in.inputs[0]["_idx_j"].tolist(),
            strict=True,
        )
    )
    assert pairs == {(i, j) for i in range(3) for j in range(3) if i != j}


def test_what_is_no_painn_of_this_package_is_refused(stand_in, specs, water):
    potential = load_potential(specs[0])
    potential.student = SimpleNamespace(record=None)
    with pytest.raises(UserError, match="no PaiNN of this package"):
        schnetpack_block(
            potential, water, geometries_angstrom=water.positions_angstrom[None], precision="mixed"
        )


@pytest.mark.skipif(
    importlib.util.find_spec("schnetpack") is None, reason="SchNetPack is not installed"
)
def test_schnetpack_itself_gives_forces(specs, water):
    assert block_on(water, specs[0])(2) > 0.0
