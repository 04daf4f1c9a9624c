import logging
import sys

import numpy as np
import openmm
import pytest
import torch

from openmm_mlff import units
from openmm_mlff.errors import CheckpointError, ConfigError, MissingDependencyError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.student import StudentPotential, import_openmmtorch, weights_dtype
from openmm_mlff.students import evaluation


def expected(potential, molecule, precision):
    found = potential.evaluate(molecule, molecule.positions_angstrom[None], precision=precision)
    return found.energies_ev[0], found.forces_ev_per_angstrom[0]


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("double", 1e-9), ("mixed", 1e-4), ("single", 1e-4)]
)
def test_openmm_computes_what_the_model_does(
    small_potential, water, in_openmm, platform, precision, tolerance
):
    system = small_potential.create_system(water, precision=precision)

    energy, forces = in_openmm(system, water.positions_angstrom, platform=platform)

    energy_there, forces_there = expected(small_potential, water, precision)
    assert energy == pytest.approx(energy_there, abs=tolerance)
    np.testing.assert_allclose(forces, forces_there, atol=tolerance)


def test_the_system_holds_the_molecule_and_one_force(small_potential):
    methanol = load_system("methanol")

    system = small_potential.create_system(methanol)

    assert system.getNumParticles() == methanol.n_atoms
    masses = [system.getParticleMass(index)._value for index in range(methanol.n_atoms)]
    np.testing.assert_array_equal(masses, methanol.masses_amu)
    assert system.getNumConstraints() == 0
    assert system.getNumForces() == 1
    assert not system.usesPeriodicBoundaryConditions()


def test_the_force_asks_for_cuda_graphs(small_potential, water):
    openmmtorch = import_openmmtorch()
    system = small_potential.create_system(water)

    force = openmmtorch.TorchForce.cast(system.getForce(0))

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


def test_no_geometries_have_no_energies(small_potential, water):
    found = small_potential.evaluate(water, np.zeros((0, 3, 3)))

    assert found.energies_ev.shape == (0,)
    assert found.forces_ev_per_angstrom.shape == (0, 3, 3)


def test_the_ase_calculator_is_the_same_model(small_potential, water):
    atoms = water.to_ase()
    for precision, tolerance in (("double", 1e-10), ("mixed", 1e-5)):
        atoms.calc = small_potential.ase_calculator(precision=precision)
        energy, forces = expected(small_potential, water, precision)

        assert atoms.get_potential_energy() == pytest.approx(energy, abs=tolerance)
        np.testing.assert_allclose(atoms.get_forces(), forces, atol=tolerance)


def test_precision_decides_the_weights():
    assert weights_dtype("double") == torch.float64
    assert weights_dtype("single") == weights_dtype("mixed") == torch.float32


@pytest.mark.parametrize("method", ["create_system", "script"])
def test_unknown_precision_is_refused(small_potential, water, method):
    with pytest.raises(ConfigError, match="unknown precision 'half'"):
        getattr(small_potential, method)(water, precision="half")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        StudentPotential.from_file(tmp_path / "missing.pt")


def test_a_missing_plugin_names_the_command_and_restores_logging(monkeypatch):
    monkeypatch.setitem(sys.modules, "openmmtorch", None)
    level = logging.root.manager.disable

    with pytest.raises(MissingDependencyError, match="pip install acellera-openmmtorch-cu13"):
        import_openmmtorch()

    assert logging.root.manager.disable == level


@pytest.mark.gpu
@pytest.mark.parametrize("openmm_precision", ["single", "mixed", "double"])
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_cuda_computes_what_the_model_does(
    cuda, small_potential, in_openmm, openmm_precision, precision, tolerance
):
    molecule = load_system("alanine")
    system = small_potential.create_system(molecule, precision=precision)

    energy, forces = in_openmm(
        system,
        molecule.positions_angstrom,
        platform=cuda,
        properties={"Precision": openmm_precision},
    )

    # Positions are handed over in single precision unless OpenMM runs in double.
    tolerance = tolerance if openmm_precision == "double" else 1e-3
    energy_there, forces_there = expected(small_potential, molecule, precision)
    assert energy == pytest.approx(energy_there, abs=molecule.n_atoms * tolerance)
    np.testing.assert_allclose(forces, forces_there, atol=tolerance)


@pytest.mark.gpu
def test_cuda_steps_like_the_reference_platform(cuda, small_potential, water):
    system = small_potential.create_system(water, precision="double")
    ends = []
    for platform, properties in (("Reference", {}), (cuda, {"Precision": "double"})):
        context = openmm.Context(
            system,
            openmm.VerletIntegrator(0.0005),
            openmm.Platform.getPlatformByName(platform),
            properties,
        )
        context.setPositions(units.nm_from_angstrom(water.positions_angstrom))
        context.getIntegrator().step(50)
        ends.append(context.getState(positions=True).getPositions(asNumpy=True)._value)

    np.testing.assert_allclose(ends[1], ends[0], atol=1e-6)
