"""Copies in one System."""

import numpy as np
import openmm
import pytest

from openmm_mlff import units
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.potentials.base import Potential
from openmm_mlff.reporters.quantities import forces_ev_per_angstrom, masses_amu, potential_ev
from openmm_mlff.simulation.replicas.system import energies_by_openmm, make_copies


def in_openmm(system, positions):
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    context.setPositions(units.nm_from_angstrom(positions.reshape(-1, 3)))
    state = context.getState(energy=True, forces=True)
    return potential_ev(state), forces_ev_per_angstrom(state).reshape(positions.shape)


@pytest.fixture
def placed(water):
    noise = np.random.default_rng(6).normal(scale=0.05, size=(4, 3, 3))
    return water.positions_angstrom + noise


@pytest.mark.parametrize("kind", ["student", "plain_student", "oracle"])
def test_energy_is_the_sum_and_forces_are_those_of_each(request, kind, water, placed):
    potential = request.getfixturevalue(kind)
    system = make_copies(potential, water, 4, precision="double").system
    np.testing.assert_array_equal(masses_amu(system), np.tile(water.masses_amu, 4))
    assert system.getNumForces() == (4 if kind == "oracle" else 1)
    assert not system.usesPeriodicBoundaryConditions()
    expected = potential.evaluate(water, placed, precision="double")
    energy, forces = in_openmm(system, placed)
    assert energy == pytest.approx(expected.energies_ev.sum(), abs=1e-9)
    np.testing.assert_allclose(forces, expected.forces_ev_per_angstrom, atol=1e-8)


def test_energies_that_only_openmm_computes(oracle, water, placed, reference):
    copies = make_copies(oracle, water, 4, precision="double")
    assert copies.energies_ev is None
    told = energies_by_openmm(
        copies.single, platform=reference, positions_angstrom=water.positions_angstrom
    )
    placed[2, 0] = np.nan
    found = told(placed)
    assert np.isnan(found[2])
    others = [0, 1, 3]
    expected = oracle.evaluate(water, placed[others]).energies_ev
    np.testing.assert_allclose(found[others], expected, atol=1e-10)


def test_boxes_no_copies_and_complete_systems_are_refused(student, oracle, water):
    class Whole(type(oracle)):
        def create_system(self, molecule, *, precision="mixed"):
            system = Potential.create_system(self, molecule, precision=precision)
            system.addConstraint(0, 1, 0.1)
            return system

    boxed = water.with_cell(20.0 * np.eye(3))
    for potential, molecule, count, error, said in (
        (student, boxed, 2, PotentialError, "periodic box; expected an isolated molecule"),
        (student, water, 0, ConfigError, r"0 copies of water .* expected at least 1"),
        (Whole(water, seed=1), water, 2, PotentialError, "a complete System"),
    ):
        with pytest.raises(error, match=said):
            make_copies(potential, molecule, count)
