"""Atoms that are told apart by their index show by a known amount."""

import numpy as np

from openmm_mlff.checks.surface.permutation_invariance import CHECK, measure, random_orders
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy


def test_like_atoms_that_are_told_apart_are_seen(with_term, geometries_of, water):
    weights = 1e-3 * np.arange(3)[:, None]

    def told_apart(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        forces = -2.0 * weights * centred
        return (weights * centred**2).sum(axis=(1, 2)), forces - forces.mean(axis=1, keepdims=True)

    subject = geometries_of(with_term(told_apart), water)
    changes = measure(subject).energy_changes_ev

    centred = subject.geometries() - subject.geometries().mean(axis=1, keepdims=True)
    squares = np.sum(centred**2, axis=2)
    # The only other order of water exchanges its hydrogens, 1 and 2.
    expected = np.broadcast_to(1e-3 * (squares[:, 1] - squares[:, 2]), changes.shape)
    np.testing.assert_allclose(changes, expected, atol=1e-9)


def test_orders_keep_every_element_in_its_place():
    numbers = np.array([8, 1, 1, 6, 1])
    orders = random_orders(numbers, count=20, seed=1)
    assert (numbers[orders] == numbers).all()
    assert (orders != np.arange(5)).any(axis=1).all()


def test_without_like_atoms_and_in_force_fields_it_is_not_applicable(measured, make_subject, water):
    hydroxide = MolecularSystem("OH-", np.array([8, 1]), np.array([[0, 0, 0], [0, 0, 0.97]]), -1)
    potential = healthy("pair", molecule=hydroxide, seed=0)
    assert measured(CHECK, make_subject(potential, hydroxide)).status is Status.NOT_APPLICABLE
    potential.has_force_field = True
    assert measured(CHECK, make_subject(potential, water)).status is Status.NOT_APPLICABLE
