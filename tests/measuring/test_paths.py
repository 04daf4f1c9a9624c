"""OpenMM, ASE and exported programs compute the same of a healthy potential."""

import numpy as np
import openmm
import pytest
import torch

from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.simulation.platforms import named_platform, usable_platforms


@pytest.fixture(scope="module")
def network(water):
    return healthy("network", molecule=water, seed=0)


@pytest.fixture
def positions(water):
    noise = np.random.default_rng(0).normal(scale=0.05, size=(3, 3, 3))
    return water.positions_angstrom + noise


@pytest.fixture
def paths(network, water, new_subject):
    def make(precision="double", platform=None):
        return new_subject(
            network, water, precision=precision, platform=platform, at_minimum=True
        ).paths

    return make


@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_every_platform_and_backend_is_evaluated(
    network, water, positions, paths, precision, tolerance
):
    ase = paths(precision).through_ase(positions)
    found = paths(precision).everywhere_in_openmm(positions)
    system = network.create_system(water, precision=precision)
    usable = usable_platforms(system, water.positions_angstrom)
    assert [(path.platform, path.precision, path.backend) for path in found] == [
        (choice.name, choice.precision, backend)
        for backend in ("", "torchforce-plain", "python")
        for choice in usable
    ]
    for path in found:
        assert path.single_precision is (path.precision != "double" and path.platform != "CPU")
        if not path.single_precision:
            np.testing.assert_allclose(path.energies_ev, ase.energies_ev, atol=tolerance)
            np.testing.assert_allclose(
                path.forces_ev_per_angstrom, ase.forces_ev_per_angstrom, atol=tolerance
            )


def test_the_program_for_any_composition_is_called_on_two_sizes(paths, network, monkeypatch):
    exports = {export.name: export.molecule.n_atoms for export in paths().exports()}
    assert exports == {"water": 3, "water (any composition)": 3, "methane (any composition)": 5}
    # Without carbon there is no second size.
    monkeypatch.setattr(network, "elements", frozenset({1, 8}))
    assert len(paths().exports()) == 2


@pytest.fixture(scope="session")
def cuda() -> str:
    """The name of OpenMM's CUDA platform, where a device is there for it and for torch."""
    names = [
        openmm.Platform.getPlatform(index).getName()
        for index in range(openmm.Platform.getNumPlatforms())
    ]
    if not torch.cuda.is_available() or "CUDA" not in names:
        pytest.skip("there is no CUDA device, or OpenMM has no CUDA platform")
    return "CUDA"


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_cuda_agrees_in_each_of_its_precisions(cuda, paths, positions, precision, tolerance):
    ase = paths(precision).through_ase(positions)
    found = paths(precision).everywhere_in_openmm(positions)
    on_cuda = {path.precision: path for path in found if path.platform == cuda}
    assert set(on_cuda) == {"single", "mixed", "double"}
    for name, path in on_cuda.items():
        assert path.single_precision is (name != "double")
        limit = 1e-3 if path.single_precision else tolerance
        np.testing.assert_allclose(
            path.forces_ev_per_angstrom, ase.forces_ev_per_angstrom, atol=limit
        )


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("precision", "limit_angstrom"), [("double", 1e-6), ("mixed", 1e-3), ("single", 1e-3)]
)
def test_cuda_follows_the_same_trajectory(cuda, paths, precision, limit_angstrom):
    in_openmm, in_ase = paths(platform=named_platform(cuda, precision=precision)).run_both(
        temperature_kelvin=300.0, timestep_fs=0.5, steps=50
    )
    np.testing.assert_allclose(in_openmm, in_ase, atol=limit_angstrom)
