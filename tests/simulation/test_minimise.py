import itertools

import numpy as np
import openmm
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import forces_ev_per_angstrom, positions_angstrom
from openmm_mlff.simulation import minimise, named_platform
from openmm_mlff.simulation.contexts import make_context
from openmm_mlff.simulation.minimise import descend_by_forces
from openmm_mlff.units import KJ_PER_MOL_PER_EV

MORSE = "450*(1-exp(-18*(r-0.13)))^2 - 450"


def test_finds_the_minimum_of_a_morse_curve(bonded_by, hydrogen_chloride, platform):
    result = minimise(bonded_by(MORSE), hydrogen_chloride, platform=platform)
    assert result.converged
    distance = np.linalg.norm(result.positions_angstrom[1] - result.positions_angstrom[0])
    # F = 2 D a² x near the minimum: 0.01 eV/Å is 0.0033 Å off at most.
    assert distance == pytest.approx(1.3, abs=4e-3)
    assert result.energy_ev == pytest.approx(-450.0 / KJ_PER_MOL_PER_EV, abs=1e-4)
    assert result.largest_force_ev_per_angstrom <= 0.01


def test_the_tolerance_holds_for_the_largest_force(water_system, water, water_minimum, reference):
    result = minimise(water_system, water, platform=reference, tolerance_ev_per_angstrom=1e-5)
    assert result.converged
    assert result.largest_force_ev_per_angstrom <= 1e-5

    def distances(x):
        return np.array([np.linalg.norm(x[i] - x[j]) for i, j in ((0, 1), (0, 2), (1, 2))])

    np.testing.assert_allclose(
        distances(result.positions_angstrom), distances(water_minimum), atol=1e-6
    )


def test_a_start_of_ones_own_is_taken(bonded_by, hydrogen_chloride, reference):
    # Two wells: the start decides which.
    double_well = bonded_by("1e8*(r-0.12)^2*(r-0.20)^2")
    far = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0]])
    result = minimise(
        double_well, hydrogen_chloride, platform=reference, start_positions_angstrom=far
    )
    distance = np.linalg.norm(result.positions_angstrom[1] - result.positions_angstrom[0])
    assert distance == pytest.approx(2.0, abs=0.01)


def test_noise_in_the_energy_does_not_hide_the_minimum(reference):
    # As in float32: the energy jumps about by 5e-5 eV and the forces know nothing of it.
    molecule = load_system("ethanol")
    noisy = openmm.System()
    for mass in molecule.masses_amu:
        noisy.addParticle(mass)
    springs, noise = openmm.HarmonicBondForce(), openmm.CustomBondForce("1e-3*floor(sin(1e7*r))")
    for pair in itertools.combinations(range(molecule.n_atoms), 2):
        length = np.linalg.norm(np.subtract(*molecule.positions_angstrom[list(pair)])) / 10.0
        springs.addBond(*pair, length, 4e5 if pair in molecule.bonds else 2e3)
        noise.addBond(*pair, [])
    noisy.addForce(springs)
    noisy.addForce(noise)
    rng = np.random.default_rng(8)
    for _ in range(5):
        start = molecule.positions_angstrom + rng.normal(0.0, 0.1, (molecule.n_atoms, 3))
        result = minimise(noisy, molecule, platform=reference, start_positions_angstrom=start)
        assert result.converged
        assert result.largest_force_ev_per_angstrom <= 0.01


def test_what_is_not_reached_is_said(bonded_by, hydrogen_chloride, reference):
    result = minimise(bonded_by("-50*r"), hydrogen_chloride, platform=reference)
    assert not result.converged
    assert result.largest_force_ev_per_angstrom == pytest.approx(0.0518, abs=1e-3)


@pytest.mark.parametrize("expression", ["sqrt(0.1-r)", "log(0.135-r) - 1e3*r"])
def test_what_is_no_number_is_a_failure_of_the_potential(
    bonded_by, hydrogen_chloride, platform, expression
):
    with pytest.raises(UnstableError, match="minimisation of hydrogen chloride met energies"):
        minimise(bonded_by(expression), hydrogen_chloride, platform=platform)


def test_an_error_of_the_code_stays_one(bonded_by, hydrogen_chloride, reference):
    with pytest.raises(openmm.OpenMMException, match="nonsense"):
        minimise(bonded_by("nonsense(r)"), hydrogen_chloride, platform=reference)


def test_rigid_water_is_minimised_as_a_rigid_body(water):
    """A water on a spring to a wall: it turns and moves, and keeps its shape."""
    system = openmm.System()
    for mass in water.masses_amu:
        system.addParticle(mass)
    positions = water.positions_angstrom
    oxygen, *hydrogens = np.argsort(-water.atomic_numbers)
    pairs = [(oxygen, hydrogens[0]), (oxygen, hydrogens[1]), tuple(hydrogens)]
    for first, second in pairs:
        length = np.linalg.norm(positions[first] - positions[second])
        system.addConstraint(int(first), int(second), length / 10.0)
    wall = openmm.CustomExternalForce("1000*(x-0.2)^2 + 1000*y^2 + 1000*z^2")
    for index in range(3):
        wall.addParticle(index)
    system.addForce(wall)
    found = minimise(system, water, platform=named_platform("Reference"))
    assert found.converged
    for first, second in pairs:
        before = np.linalg.norm(positions[first] - positions[second])
        after = np.linalg.norm(found.positions_angstrom[first] - found.positions_angstrom[second])
        assert after == pytest.approx(before, rel=1e-5)
    np.testing.assert_allclose(found.positions_angstrom.mean(axis=0), [2.0, 0.0, 0.0], atol=1e-2)


def test_fire_reaches_a_minimum_of_stiff_and_soft_motions(water_system, water_minimum, reference):
    start = water_minimum + np.random.default_rng(2).normal(0.0, 0.1, (3, 3))
    context = make_context(water_system, platform=reference, positions_angstrom=start)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=500)
    state = context.getState(positions=True, forces=True)
    assert np.linalg.norm(forces_ev_per_angstrom(state), axis=1).max() <= 1e-3
    end = positions_angstrom(state)
    assert np.linalg.norm(end[0] - end[1]) == pytest.approx(0.96, abs=1e-3)


def test_fire_moves_no_atom_far_at_once(bonded_by, hydrogen_chloride, reference):
    start = hydrogen_chloride.positions_angstrom
    context = make_context(bonded_by("-90000*r"), platform=reference, positions_angstrom=start)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=3)
    moved = positions_angstrom(context.getState(positions=True)) - start
    assert 0.05 < np.abs(moved).max() <= 3 * 0.05 + 1e-12


def test_fire_stays_where_forces_are_small(water_system, water_minimum, reference):
    context = make_context(water_system, platform=reference, positions_angstrom=water_minimum)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=100)
    end = positions_angstrom(context.getState(positions=True))
    np.testing.assert_allclose(end, water_minimum, atol=1e-12)
