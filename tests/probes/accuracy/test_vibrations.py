from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.probes.accuracy.vibrations import STEP_ANGSTROM, probe_vibrations


@pytest.fixture
def triangle(water):
    """The minimum of the springs, which are 1.1 Å long."""
    corners = [[0.0, 0.0, 0.0], [1.1, 0.0, 0.0], [0.55, 1.1 * 0.75**0.5, 0.0]]
    return water.with_positions(corners)


def test_the_jacobian_of_springs_is_that_of_the_textbook(springs, subject, triangle):
    outcome = probe_vibrations(subject(springs(), molecule=triangle), springs())

    positions = outcome.arrays["reference_positions_angstrom"]
    np.testing.assert_allclose(positions, triangle.positions_angstrom, atol=1e-6)
    expected = np.zeros((9, 9))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        row = np.zeros((3, 3))
        row[i] = (positions[i] - positions[j]) / 1.1
        row[j] = -row[i]
        expected -= 20.0 * np.outer(row.ravel(), row.ravel())
    # The springs turn as they are displaced: central differences are off by some k h²/r².
    allowed = 20.0 * (STEP_ANGSTROM / 1.1) ** 2
    np.testing.assert_allclose(outcome.arrays["reference_jacobian"], expected, atol=allowed)
    np.testing.assert_array_equal(outcome.arrays["masses_amu"], triangle.masses_amu)
    assert outcome.data["reference_converged"] is True
    assert outcome.data["model_largest_force"] == pytest.approx(0.0, abs=1e-6)
    assert (outcome.data["requested"], outcome.data["refused"]) == (18, 0)


def test_the_reference_relaxes_and_the_potentials_own_force_is_said(springs, subject, water):
    outcome = probe_vibrations(subject(springs()), springs())

    relaxed = outcome.arrays["reference_positions_angstrom"]
    lengths = [np.linalg.norm(relaxed[i] - relaxed[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(lengths, 1.1, atol=1e-3)
    own = springs().evaluate(water, water.positions_angstrom[None]).forces_ev_per_angstrom[0]
    assert outcome.data["model_largest_force"] == pytest.approx(np.linalg.norm(own, axis=1).max())
    assert outcome.data["reference_largest_force"] <= 0.0005


def refusing_from(first):
    def disturb(calls, energy, forces):
        if calls >= first:
            raise CalculationFailed("SCF not\nconverged")
        return energy, forces

    return disturb


def test_refused_points_leave_holes_and_are_counted(springs, subject, triangle):
    # One call relaxes what is relaxed; the last four of 18 are two coordinates.
    outcome = probe_vibrations(
        subject(springs(), molecule=triangle), springs(refusing_from(1 + 15))
    )

    jacobian = outcome.arrays["reference_jacobian"]
    assert np.isfinite(jacobian[:, :7]).all()
    assert np.isnan(jacobian[:, 7:]).all()
    assert outcome.data["refused"] == 2
    assert outcome.data["refusals"][0] == "coordinate 7: SCF not converged"


def test_a_reference_that_does_not_relax_leaves_no_jacobian(springs, subject):
    outcome = probe_vibrations(subject(springs()), springs(refusing_from(3)))

    assert outcome.data["reference_converged"] is False
    assert outcome.data["reason"] == "SCF not converged"
    assert not outcome.arrays


def test_a_bug_in_the_reference_is_no_refusal(springs, subject):
    def broken(_calls, energy, forces):
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        probe_vibrations(subject(springs()), springs(broken))


def test_a_potential_that_refuses_its_own_minimum_says_so(springs, subject, triangle):
    asked = subject(springs(refusing_from(1)), molecule=triangle)

    outcome = probe_vibrations(asked, springs())

    assert outcome.data["model_refused"] is True
    assert np.isnan(outcome.data["model_largest_force"])


def test_one_atom_does_not_vibrate(springs, subject):
    atom = MolecularSystem("helium", np.array([2]), np.zeros((1, 3)))
    outcome = probe_vibrations(replace(subject(springs()), molecule=atom), springs())
    assert "does not vibrate" in outcome.skipped
    assert outcome.data == {"applicable": False}
