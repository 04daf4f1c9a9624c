import itertools

import numpy as np
import openmm
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import forces_ev_per_angstrom, positions_angstrom
from openmm_mlff.simulation import minimise
from openmm_mlff.simulation.contexts import make_context
from openmm_mlff.simulation.minimise import descend_by_forces
from openmm_mlff.units import KJ_PER_MOL_PER_EV

from .conftest import masses_only

MORSE = "450*(1-exp(-18*(r-0.13)))^2 - 450"


def distances(positions):
    pairs = itertools.combinations(range(len(positions)), 2)
    return np.array([np.linalg.norm(positions[i] - positions[j]) for i, j in pairs])


def test_it_finds_the_minimum_of_a_morse_potential(bonded_by, hydrogen_chloride, platform):
    result = minimise(bonded_by(MORSE), hydrogen_chloride, platform=platform)
    assert result.converged
    # F = 2 D a² x near the minimum: 0.01 eV/Å is 0.0033 Å away at most.
    assert distances(result.positions_angstrom) == pytest.approx(1.3, abs=4e-3)
    assert result.energy_ev == pytest.approx(-450.0 / KJ_PER_MOL_PER_EV, abs=1e-4)
    assert result.largest_force_ev_per_angstrom <= 0.01


def test_the_start_is_used_and_a_missed_tolerance_is_returned(
    bonded_by, hydrogen_chloride, reference
):
    # Two minima: the start determines which is found.
    far = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0]])
    result = minimise(
        bonded_by("1e8*(r-0.12)^2*(r-0.20)^2"),
        hydrogen_chloride,
        platform=reference,
        start_positions_angstrom=far,
    )
    assert distances(result.positions_angstrom) == pytest.approx(2.0, abs=0.01)
    result = minimise(bonded_by("-50*r"), hydrogen_chloride, platform=reference)
    assert not result.converged
    assert result.largest_force_ev_per_angstrom == pytest.approx(0.0518, abs=1e-3)


def test_it_converges_with_noise_in_the_energy(reference):
    # As in float32: noise of 5e-5 eV in the energy, none in the forces.
    molecule = load_system("ethanol")
    noisy = masses_only(molecule)
    springs, noise = openmm.HarmonicBondForce(), openmm.CustomBondForce("1e-3*floor(sin(1e7*r))")
    pairs = itertools.combinations(range(molecule.n_atoms), 2)
    for pair, length in zip(pairs, distances(molecule.positions_angstrom), strict=True):
        springs.addBond(*pair, length / 10.0, 4e5 if pair in molecule.bonds else 2e3)
        noise.addBond(*pair, [])
    noisy.addForce(springs)
    noisy.addForce(noise)
    rng = np.random.default_rng(8)
    for _ in range(3):
        start = molecule.positions_angstrom + rng.normal(0.0, 0.1, (molecule.n_atoms, 3))
        result = minimise(noisy, molecule, platform=reference, start_positions_angstrom=start)
        assert result.converged
        assert result.largest_force_ev_per_angstrom <= 0.01


@pytest.mark.parametrize(
    ("expression", "error", "said"),
    [
        ("sqrt(0.1-r)", UnstableError, "minimisation of hydrogen chloride, energies"),
        ("log(0.135-r) - 1e3*r", UnstableError, "minimisation of hydrogen chloride, energies"),
        ("nonsense(r)", openmm.OpenMMException, "nonsense"),
    ],
)
def test_a_nan_is_a_failure_of_the_potential_and_other_errors_pass(
    bonded_by, hydrogen_chloride, platform, expression, error, said
):
    with pytest.raises(error, match=said):
        minimise(bonded_by(expression), hydrogen_chloride, platform=platform)


def test_rigid_water_is_minimised_as_a_rigid_body(water, reference):
    system = masses_only(water)
    before = distances(water.positions_angstrom)
    for (first, second), length in zip(((0, 1), (0, 2), (1, 2)), before, strict=True):
        system.addConstraint(first, second, length / 10.0)
    wall = openmm.CustomExternalForce("1000*(x-0.2)^2 + 1000*y^2 + 1000*z^2")
    for index in range(3):
        wall.addParticle(index)
    system.addForce(wall)
    found = minimise(system, water, platform=reference)
    assert found.converged
    assert distances(found.positions_angstrom) == pytest.approx(before, rel=1e-5)
    np.testing.assert_allclose(found.positions_angstrom.mean(axis=0), [2.0, 0.0, 0.0], atol=1e-2)


@pytest.mark.parametrize("displaced", [True, False])
def test_fire_reaches_a_minimum_of_stiff_and_soft_motions_or_stays_there(
    water_system, water_minimum, reference, displaced
):
    noise = np.random.default_rng(2).normal(0.0, 0.1, (3, 3))
    start = water_minimum + displaced * noise
    context = make_context(water_system, platform=reference, positions_angstrom=start)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=500)
    state = context.getState(positions=True, forces=True)
    assert np.linalg.norm(forces_ev_per_angstrom(state), axis=1).max() <= 1e-3
    end = positions_angstrom(state)
    assert np.linalg.norm(end[0] - end[1]) == pytest.approx(0.96, abs=1e-3)
    if not displaced:
        np.testing.assert_allclose(end, water_minimum, atol=1e-12)


def test_fire_moves_no_atom_far_in_one_step(bonded_by, hydrogen_chloride, reference):
    start = hydrogen_chloride.positions_angstrom
    context = make_context(bonded_by("-90000*r"), platform=reference, positions_angstrom=start)
    descend_by_forces(context, tolerance_ev_per_angstrom=1e-3, max_steps=3)
    moved = positions_angstrom(context.getState(positions=True)) - start
    assert 0.05 < np.abs(moved).max() <= 3 * 0.05 + 1e-12
