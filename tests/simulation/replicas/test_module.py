"""The module of all copies: each copy has its own energy and forces, independent of the others."""

import numpy as np
import pytest
import torch

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.simulation.replicas.module import (
    Copies,
    can_be_batched,
    choose_module,
    student_batch,
)
from openmm_mlff.students.fast import FastFixed


@pytest.fixture
def placed(water):
    """Three distorted waters, (3, 3, 3), Å."""
    noise = np.random.default_rng(5).normal(scale=0.05, size=(3, 3, 3))
    return water.positions_angstrom + noise


@pytest.fixture
def numbers(water):
    return torch.from_numpy(water.atomic_numbers.copy())


@pytest.fixture
def copies(student, numbers):
    return Copies(student.student.model, numbers, 3, torch.float64).eval()


def flat(positions):
    return torch.from_numpy(positions.reshape(-1, 3).copy())


def gradient_of(module, positions):
    placed = flat(positions).requires_grad_()
    (gradient,) = torch.autograd.grad(module(placed), placed)
    return gradient.numpy().reshape(positions.shape)


def test_copies_do_not_interact(copies, water, placed):
    same = np.stack([water.positions_angstrom] * 3)
    far = same + 50.0 * np.arange(3)[:, None, None]
    near_energies, far_energies = (copies.energies(flat(one)) for one in (same, far))
    torch.testing.assert_close(near_energies, far_energies, rtol=0.0, atol=1e-10)
    intact = gradient_of(copies, placed / 10.0)
    placed[1, 2] = np.nan
    broken = gradient_of(copies, placed / 10.0)
    assert np.isnan(broken[1]).any()
    np.testing.assert_array_equal(broken[[0, 2]], intact[[0, 2]])


@pytest.mark.parametrize("backend", ["torchforce", "torchforce-plain", "python"])
def test_a_batch_returns_the_energies_of_its_copies(student, water, placed, backend):
    asked = StudentPotential(
        student.student, spec=student.spec, options=PotentialOptions(backend=backend)
    )
    force, energies_ev = student_batch(asked, water, 3, precision="double")
    expected = student.evaluate(water, placed, precision="double").energies_ev
    np.testing.assert_allclose(energies_ev(placed), expected, rtol=0.0, atol=1e-10)
    in_python = type(force).__name__ in ("PythonForce", "PythonTorchForce")
    assert in_python == (backend == "python")


def test_copies_with_explicit_forces_do_not_interact(student, water, placed):
    module, energies_of = choose_module(student, water, 3, precision="double")
    assert isinstance(module, FastFixed)
    _, intact = module(flat(placed / 10.0))
    placed[1, 2] = np.nan
    _, broken = module(flat(placed / 10.0))
    others = [0, 1, 2, 6, 7, 8]
    assert torch.isnan(broken[3:6]).any()
    torch.testing.assert_close(broken[others], intact[others], rtol=0.0, atol=0.0)
    assert torch.isnan(energies_of(torch.from_numpy(placed))).tolist() == [False, True, False]


def test_only_students_with_a_table_of_all_pairs_are_batched(student, oracle, water):
    class Changed(StudentPotential):
        pass

    positions = 3.0 * np.arange(210.0).reshape(70, 3)
    large = MolecularSystem("hydrogens", np.ones(70, dtype=np.int64), positions)
    assert can_be_batched(student, water)
    assert not can_be_batched(student, large)
    assert not can_be_batched(Changed(student.student, spec=student.spec), water)
    assert not can_be_batched(oracle, water)
