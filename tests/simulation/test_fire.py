import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.quantities import forces_ev_per_angstrom, positions_angstrom
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.fire import descend_by_forces


def _context(system, molecule, positions, platform):
    return make_simulation(
        system,
        molecule,
        openmm.VerletIntegrator(0.001),
        platform=platform,
        positions_angstrom=positions,
    ).context


def test_reaches_a_minimum_of_stiff_and_soft_motions(water_system, water, water_minimum, reference):
    start = water_minimum + np.random.default_rng(2).normal(0.0, 0.1, (3, 3))
    context = _context(water_system, water, start, reference)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=500)
    state = context.getState(positions=True, forces=True)
    assert np.linalg.norm(forces_ev_per_angstrom(state), axis=1).max() <= 1e-3
    end = positions_angstrom(state)
    assert np.linalg.norm(end[0] - end[1]) == pytest.approx(0.96, abs=1e-3)


def test_moves_no_atom_far_at_once(bonded_by, hydrogen_chloride, reference):
    start = hydrogen_chloride.positions_angstrom
    context = _context(bonded_by("-90000*r"), hydrogen_chloride, start, reference)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=3)
    moved = positions_angstrom(context.getState(positions=True)) - start
    assert 0.05 < np.abs(moved).max() <= 3 * 0.05 + 1e-12


def test_stays_where_forces_are_small(water_system, water, water_minimum, reference):
    context = _context(water_system, water, water_minimum, reference)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=100)
    end = positions_angstrom(context.getState(positions=True))
    np.testing.assert_allclose(end, water_minimum, atol=1e-12)
