"""The same student through `PythonForce`: eager, compiled, and where nothing can be compiled."""

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
from openmm_mlff.simulation.replicas.module import student_batch


@pytest.fixture
def forces_of(in_openmm):
    def evaluated(potential, molecule, positions, *, precision="double"):
        return in_openmm(potential.create_system(molecule, precision=precision), positions)

    return evaluated


def system_of(n_particles, force):
    system = openmm.System()
    for _ in range(n_particles):
        system.addParticle(1.0)
    system.addForce(force)
    return system


@pytest.fixture
def by_python(small_potential):
    options = PotentialOptions(backend="python")
    return StudentPotential(small_potential.student, spec="test", options=options)


@pytest.fixture
def tiny_compiled(small_potential):
    options = PotentialOptions(backend="python", compiled=True)
    return StudentPotential(small_potential.student, spec="test", options=options)


def test_all_backends_give_the_same(small_potential, water, forces_of):
    positions = water.positions_angstrom + 0.03 * np.arange(9).reshape(3, 3)
    energy, forces = forces_of(small_potential, water, positions)
    for other in small_potential.other_backends().values():
        other_energy, other_forces = forces_of(other, water, positions)
        assert other_energy == pytest.approx(energy, abs=1e-9)
        np.testing.assert_allclose(other_forces, forces, atol=1e-9)


def test_each_backend_names_the_others(small_potential, by_python):
    assert list(small_potential.other_backends()) == ["torchforce-plain", "python"]
    assert list(by_python.other_backends()) == ["torchforce", "torchforce-plain"]


def test_a_part_of_a_system_feels_only_itself(by_python, water, forces_of, in_openmm):
    (force,) = by_python.create_forces(water, precision="double", particles=[1, 2, 3])
    placed = np.vstack([[[5.0, 5.0, 5.0]], water.positions_angstrom])
    found_energy, found = in_openmm(system_of(4, force), placed)
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


def test_parts_make_the_whole():
    positions = torch.arange(15.0).reshape(5, 3)
    whole = own_gradient(WellWithForces())
    gradient, energy = in_parts(whole, 2)(positions)
    torch.testing.assert_close(gradient, whole(positions)[0])
    torch.testing.assert_close(energy, whole(positions)[1])


def test_what_cannot_be_compiled_runs_uncompiled_and_says_so(monkeypatch, caplog):
    def no_compiler(*_):
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(python_backend, "compile_ahead", no_compiler)
    differentiate = compiled_or(eager_gradient(Well()))
    for _ in range(2):
        gradient, energy = differentiate(torch.tensor([[1.0, 0.0, 0.0]]))
    assert energy == 1.0
    assert gradient[0, 0] == 4.0
    assert caplog.text.count("install a C++ compiler") == 1


@pytest.mark.slow
def test_the_compiled_student_gives_the_forces_of_the_eager_one_in_double(
    tiny_compiled, water, forces_of
):
    positions = water.positions_angstrom + 0.03 * np.arange(9).reshape(3, 3)
    expected = tiny_compiled.evaluate(water, positions[None], precision="double")
    energy, forces = forces_of(tiny_compiled, water, positions, precision="mixed")
    (gradient,) = expected.forces_ev_per_angstrom
    np.testing.assert_allclose(forces, gradient, rtol=0.0, atol=1e-5 * abs(gradient).max())
    assert energy == pytest.approx(expected.energies_ev[0], rel=1e-6)


@pytest.mark.slow
def test_compiled_replicas_feel_what_one_alone_feels(tiny_compiled, water, in_openmm):
    rng = np.random.default_rng(5)
    placed = water.positions_angstrom + 0.05 * rng.normal(size=(4, 3, 3))
    force, _ = student_batch(tiny_compiled, water, 4, precision="mixed")
    _, together = in_openmm(system_of(12, force), placed.reshape(-1, 3))
    alone = tiny_compiled.evaluate(water, placed).forces_ev_per_angstrom
    np.testing.assert_allclose(
        together.reshape(4, 3, 3), alone, rtol=0.0, atol=1e-5 * abs(alone).max()
    )


def test_a_list_of_neighbours_cannot_be_compiled(small_potential, water):
    options = PotentialOptions(backend="python", compiled=True)
    potential = StudentPotential(small_potential.student, spec="test", options=options)
    with pytest.raises(PotentialError, match="leave out --compiled"):
        potential.create_system(water.with_cell(12.0 * np.eye(3)))


def test_a_periodic_box_is_no_part_of_a_system(small_potential, water):
    boxed = water.with_cell(12.0 * np.eye(3))
    with pytest.raises(PotentialError, match="without its box"):
        small_potential.create_forces(boxed, particles=[0, 1, 2])


@pytest.mark.parametrize("backend", ["torchforce", "python"])
def test_a_box_runs_through_either_backend_as_through_ase(
    small_potential, water, forces_of, backend
):
    boxed = water.with_cell(np.array([[4.0, 0, 0], [1.0, 5.0, 0], [-1.0, 1.5, 4.5]]))
    options = PotentialOptions(backend=backend)
    potential = StudentPotential(small_potential.student, spec="test", options=options)
    _, forces = forces_of(potential, boxed, boxed.positions_angstrom)
    atoms = boxed.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-8)
    assert np.isfinite(atoms.get_stress()).all()
    found = potential.evaluate(boxed, boxed.positions_angstrom[None], precision="double")
    np.testing.assert_allclose(found.forces_ev_per_angstrom[0], atoms.get_forces(), atol=1e-9)
