"""A student called in Python by OpenMM: eager, compiled, and where nothing can be compiled."""

import sys

import numpy as np
import openmm
import pytest
import torch

from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import python_backend
from openmm_mlff.potentials.python_backend import (
    compiled_or,
    eager_gradient,
    in_parts,
    own_gradient,
)
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.potentials.torch_plugin import python_torch_class
from openmm_mlff.simulation.replicas.module import student_batch

from .conftest import evaluated, particles_with


@pytest.fixture
def forces_of(in_openmm):
    def evaluated(potential, molecule, positions, *, precision="double"):
        return in_openmm(potential.create_system(molecule, precision=precision), positions)

    return evaluated


@pytest.fixture
def with_options(small_potential):
    """Return the small student with other options."""

    def make(**options):
        options = PotentialOptions(**options)
        return StudentPotential(small_potential.student, spec="test", options=options)

    return make


@pytest.fixture
def small_compiled(with_options):
    return with_options(backend="python", compiled=True)


def test_all_backends_agree_and_name_each_other(small_potential, with_options, water, forces_of):
    positions = water.positions_angstrom + 0.03 * np.arange(9).reshape(3, 3)
    energy, forces = forces_of(small_potential, water, positions)
    others = small_potential.other_backends()
    assert list(others) == ["torchforce-plain", "python"]
    assert list(with_options(backend="python").other_backends()) == [
        "torchforce",
        "torchforce-plain",
    ]
    for other in others.values():
        other_energy, other_forces = forces_of(other, water, positions)
        assert other_energy == pytest.approx(energy, abs=1e-9)
        np.testing.assert_allclose(other_forces, forces, atol=1e-9)


def test_without_the_plugin_the_force_is_that_of_openmm(monkeypatch, with_options, water):
    monkeypatch.setitem(sys.modules, "openmmtorch", None)
    assert python_torch_class() is None
    (force,) = with_options(backend="python").create_forces(water)
    assert isinstance(force, openmm.PythonForce)


def test_a_part_of_a_system_interacts_only_with_itself(with_options, water, forces_of, in_openmm):
    by_python = with_options(backend="python")
    (force,) = by_python.create_forces(water, precision="double", particles=[1, 2, 3])
    placed = np.vstack([[[5.0, 5.0, 5.0]], water.positions_angstrom])
    found_energy, found = in_openmm(particles_with([force], 4), placed)
    energy, forces = forces_of(by_python, water, water.positions_angstrom)
    assert found_energy == pytest.approx(energy, abs=1e-10)
    np.testing.assert_allclose(found[1:], forces, atol=1e-10)
    assert not found[0].any()


class Well(torch.nn.Module):
    def forward(self, positions):
        return (positions**4).sum()


class WellWithForces(Well):
    def forward(self, positions):
        return (positions**4).sum(), -4.0 * positions**3


def test_parts_add_up_to_the_whole():
    positions = torch.arange(15.0).reshape(5, 3)
    whole = own_gradient(WellWithForces())
    for part, expected in zip(in_parts(whole, 2)(positions), whole(positions), strict=True):
        torch.testing.assert_close(part, expected)


def test_without_a_compiler_it_runs_uncompiled_with_one_warning(monkeypatch, caplog):
    def no_compiler(*_):
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(python_backend, "compile_ahead", no_compiler)
    differentiate = compiled_or(eager_gradient(Well()))
    for _ in range(2):
        gradient, energy = differentiate(torch.tensor([[1.0, 0.0, 0.0]]))
    assert (energy, gradient[0, 0]) == (1.0, 4.0)
    assert caplog.text.count("install a C++ compiler") == 1


@pytest.mark.slow
def test_compiled_forces_are_the_eager_ones_alone_and_in_replicas(
    small_compiled, water, forces_of, in_openmm
):
    rng = np.random.default_rng(5)
    placed = water.positions_angstrom + 0.05 * rng.normal(size=(4, 3, 3))
    expected = small_compiled.evaluate(water, placed, precision="double")
    largest = abs(expected.forces_ev_per_angstrom).max()
    energy, forces = forces_of(small_compiled, water, placed[0], precision="mixed")
    assert energy == pytest.approx(expected.energies_ev[0], rel=1e-6)
    force, _ = student_batch(small_compiled, water, 4, precision="mixed")
    _, together = in_openmm(particles_with([force], 12), placed.reshape(-1, 3))
    for found, eager in (
        (forces, expected.forces_ev_per_angstrom[0]),
        (together.reshape(4, 3, 3), expected.forces_ev_per_angstrom),
    ):
        np.testing.assert_allclose(found, eager, rtol=0.0, atol=1e-5 * largest)


def test_a_box_cannot_be_compiled_nor_be_part_of_a_system(small_potential, small_compiled, water):
    boxed = water.with_cell(12.0 * np.eye(3))
    with pytest.raises(PotentialError, match="leave out --compiled"):
        small_compiled.create_system(boxed)
    with pytest.raises(PotentialError, match="without its box"):
        small_potential.create_forces(boxed, particles=[0, 1, 2])


@pytest.mark.parametrize("backend", ["torchforce", "python"])
def test_a_box_has_the_same_forces_in_openmm_and_in_ase(with_options, water, forces_of, backend):
    boxed = water.with_cell(np.array([[4.0, 0, 0], [1.0, 5.0, 0], [-1.0, 1.5, 4.5]]))
    potential = with_options(backend=backend)
    _, forces = forces_of(potential, boxed, boxed.positions_angstrom)
    atoms = boxed.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-8)
    assert np.isfinite(atoms.get_stress()).all()
    _, found = evaluated(potential, boxed, precision="double")
    np.testing.assert_allclose(found, atoms.get_forces(), atol=1e-9)
