import logging
import sys

import numpy as np
import pytest
import torch

from openmm_mlff.errors import ConfigError, MissingDependencyError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.student import weights_dtype
from openmm_mlff.potentials.torch_plugin import import_openmmtorch
from openmm_mlff.reporters.quantities import masses_amu
from openmm_mlff.students import evaluation

from .conftest import context_of, evaluated


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-9), ("mixed", 1e-4)])
def test_openmm_and_ase_compute_the_model(
    small_potential, water, in_openmm, platform, precision, tolerance
):
    system = small_potential.create_system(water, precision=precision)
    atoms = water.to_ase()
    atoms.calc = small_potential.ase_calculator(precision=precision)
    model_energy, model_forces = evaluated(small_potential, water, precision=precision)
    for energy, forces in (
        in_openmm(system, water.positions_angstrom, platform=platform),
        (atoms.get_potential_energy(), atoms.get_forces()),
    ):
        assert energy == pytest.approx(model_energy, abs=tolerance)
        np.testing.assert_allclose(forces, model_forces, atol=tolerance)


def test_single_precision_has_the_weights_of_mixed():
    assert weights_dtype("single") == weights_dtype("mixed") == torch.float32


def test_the_system_holds_the_masses_and_one_force_with_cuda_graphs(small_potential, water):
    system = small_potential.create_system(water)
    np.testing.assert_array_equal(masses_amu(system), water.masses_amu)
    assert (system.getNumConstraints(), system.getNumForces()) == (0, 1)
    assert not system.usesPeriodicBoundaryConditions()
    force = import_openmmtorch().TorchForce.cast(system.getForce(0))
    assert dict(force.getProperties())["useCUDAGraphs"] == "true"


@pytest.mark.parametrize(
    "limits",
    [{"_PAIRS_AT_ONCE": 12}, {"_DISTANCES_AT_ONCE": 18}, {"_DISTANCES_AT_ONCE": 8}],
    ids=str,
)
def test_batches_do_not_depend_on_how_they_are_split(small_potential, water, monkeypatch, limits):
    noise = np.random.default_rng(0).normal(scale=0.05, size=(7, 3, 3))
    positions = water.positions_angstrom + noise
    whole = small_potential.evaluate(water, positions, precision="double")
    for name, value in limits.items():
        monkeypatch.setattr(evaluation, name, value)
    parts = small_potential.evaluate(water, positions, precision="double")
    assert parts.energies_ev.shape == (7,)
    assert parts.forces_ev_per_angstrom.shape == (7, 3, 3)
    np.testing.assert_allclose(parts.energies_ev, whole.energies_ev, atol=1e-11)
    np.testing.assert_allclose(
        parts.forces_ev_per_angstrom, whole.forces_ev_per_angstrom, atol=1e-11
    )
    nothing = small_potential.evaluate(water, np.zeros((0, 3, 3)))
    assert nothing.energies_ev.shape == (0,)
    assert nothing.forces_ev_per_angstrom.shape == (0, 3, 3)


def test_unknown_precisions_are_refused(small_potential, water):
    for method in (small_potential.create_system, small_potential.script):
        with pytest.raises(ConfigError, match="unknown precision 'half'"):
            method(water, precision="half")


def test_a_missing_plugin_names_the_command_and_restores_logging(monkeypatch):
    monkeypatch.setitem(sys.modules, "openmmtorch", None)
    level = logging.root.manager.disable
    with pytest.raises(MissingDependencyError, match="pip install acellera-openmmtorch-cu13"):
        import_openmmtorch()
    assert logging.root.manager.disable == level


@pytest.mark.gpu
@pytest.mark.parametrize("openmm_precision", ["single", "mixed", "double"])
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_cuda_computes_the_model(
    cuda, small_potential, in_openmm, openmm_precision, precision, tolerance
):
    molecule = load_system("alanine")
    energy, forces = in_openmm(
        small_potential.create_system(molecule, precision=precision),
        molecule.positions_angstrom,
        platform=cuda,
        properties={"Precision": openmm_precision},
    )
    # Positions are passed in single precision unless OpenMM runs in double.
    tolerance = tolerance if openmm_precision == "double" else 1e-3
    model_energy, model_forces = evaluated(small_potential, molecule, precision=precision)
    assert energy == pytest.approx(model_energy, abs=molecule.n_atoms * tolerance)
    np.testing.assert_allclose(forces, model_forces, atol=tolerance)


@pytest.mark.gpu
def test_cuda_steps_like_the_reference_platform(cuda, small_potential, water):
    system = small_potential.create_system(water, precision="double")
    ends = []
    for platform, properties in (("Reference", {}), (cuda, {"Precision": "double"})):
        given = {"platform": platform, "properties": properties, "step_fs": 0.5}
        context = context_of(system, water.positions_angstrom, **given)
        context.getIntegrator().step(50)
        ends.append(context.getState(positions=True).getPositions(asNumpy=True)._value)
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-6)
