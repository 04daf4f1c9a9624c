"""Minimisation finds known minima; where it breaks or changes the molecule, the start is kept."""

import numpy as np
import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.minimum import (
    SOUGHT_FORCE_EV_PER_ANGSTROM,
    measure_minimum,
    relaxed_molecule,
    start_molecule,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.reporters.monitor import StabilityLimits
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.storage.shared import Minimum

LIMITS = StabilityLimits.of(load_protocol("standard").limits_for("stability"))


def test_a_displaced_molecule_relaxes_to_no_force(new_subject):
    molecule = load_system("ethanol")
    oracle = FieldOracle(molecule, seed=0)
    noise = np.random.default_rng(1).normal(scale=0.05, size=(molecule.n_atoms, 3))
    displaced = molecule.with_positions(molecule.positions_angstrom + noise)
    found = measure_minimum(new_subject(oracle, displaced))
    assert (found.converged, found.failure) == (True, "")
    assert found.largest_force_ev_per_angstrom <= SOUGHT_FORCE_EV_PER_ANGSTROM
    again = oracle.evaluate(molecule, found.positions_angstrom[None])
    assert found.energy_ev == pytest.approx(again.energies_ev[0])


def test_energies_that_are_not_finite_keep_the_geometry_and_the_failure(new_subject, water):
    potential = get_fault("not a number").plant(FieldOracle(water, seed=0), 1.0)
    found = measure_minimum(new_subject(potential, water))
    assert found.failure
    assert not found.converged
    assert np.isnan(found.energy_ev)
    np.testing.assert_array_equal(found.positions_angstrom, water.positions_angstrom)


@pytest.mark.parametrize(
    ("stretch", "kept"), [(1.0, True), (1.05, True), (3.0, False)], ids=["same", "near", "apart"]
)
def test_a_molecule_that_came_apart_is_not_examined(water, stretch, kept):
    placed = stretch * water.positions_angstrom
    minimum = Minimum(positions_angstrom=placed, energy_ev=-1.0, largest_force_ev_per_angstrom=0.0)
    start = start_molecule(water, minimum, limits=LIMITS)
    expected = placed if kept else water.positions_angstrom
    np.testing.assert_array_equal(start.positions_angstrom, expected)
    np.testing.assert_array_equal(relaxed_molecule(water, minimum).positions_angstrom, placed)
