import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.probes.accuracy.reference import evaluate_reference, probe_minimum, probe_reference


@pytest.fixture
def frames(water):
    noise = np.random.default_rng(9).normal(scale=0.03, size=(6, 3, 3))
    return water.positions_angstrom + noise, np.linspace(0.0, 1.0, 6)


def refusing(*numbers: int):
    """Refuse some calls, with a reason that has two lines."""

    def disturb(calls, energy, forces):
        if calls in numbers:
            raise CalculationFailed("SCF not\nconverged")
        return energy, forces

    return disturb


def ask(student, reference, water, frames, **kwargs):
    return probe_reference(
        student, reference, water, *frames, precision="double", run="nve_300K_0.5fs_r0", **kwargs
    )


def test_both_are_asked_about_the_same_frames(student, springs, water, frames):
    told = []

    outcome = ask(student, springs(), water, frames, on_progress=lambda *step: told.append(step))

    arrays = outcome.arrays
    np.testing.assert_array_equal(arrays["positions_angstrom"], frames[0])
    np.testing.assert_array_equal(arrays["time_ps"], frames[1])
    own = student.evaluate(water, frames[0], precision="double")
    np.testing.assert_allclose(arrays["model_energies_ev"], own.energies_ev)
    np.testing.assert_allclose(arrays["model_forces"], own.forces_ev_per_angstrom)
    theirs = springs().evaluate(water, frames[0])
    np.testing.assert_allclose(arrays["reference_energies_ev"], theirs.energies_ev)
    np.testing.assert_allclose(arrays["reference_forces"], theirs.forces_ev_per_angstrom)
    assert outcome.data == {
        "reference": "ase:test:Springs",
        "run": "nve_300K_0.5fs_r0",
        "requested": 6,
        "refused": 0,
        "refusals": [],
    }
    assert told == [(done, 6) for done in range(1, 7)]


def test_refused_frames_are_counted_named_and_left_out(student, springs, water, frames):
    outcome = ask(student, springs(refusing(2, 5)), water, frames)

    kept = [0, 2, 3, 5]
    np.testing.assert_array_equal(outcome.arrays["positions_angstrom"], frames[0][kept])
    np.testing.assert_array_equal(outcome.arrays["time_ps"], frames[1][kept])
    assert outcome.arrays["model_forces"].shape == (4, 3, 3)
    theirs = springs().evaluate(water, frames[0][kept])
    np.testing.assert_allclose(outcome.arrays["reference_energies_ev"], theirs.energies_ev)
    assert outcome.data["refused"] == 2
    assert outcome.data["refusals"] == [
        {"frame": 1, "reason": "SCF not converged"},
        {"frame": 4, "reason": "SCF not converged"},
    ]
    assert not outcome.skipped


def test_a_reference_that_refuses_everything_leaves_no_arrays(student, springs, water, frames):
    outcome = ask(student, springs(refusing(*range(1, 7))), water, frames)

    assert outcome.skipped == "ase:test:Springs refused every frame"
    assert outcome.data["refused"] == 6
    assert outcome.arrays == {}


def test_one_refusal_is_one_line(springs, water):
    calculator = springs(refusing(1)).ase_calculator()

    with pytest.raises(EvaluationRefusedError, match=r"^SCF not converged$"):
        evaluate_reference(calculator, water, water.positions_angstrom)


def test_a_bug_in_the_reference_is_no_refusal(student, springs, water, frames):
    def broken(_calls, energy, forces):
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        ask(student, springs(broken), water, frames)


def test_the_reference_relaxes_from_the_potentials_minimum(springs, water):
    outcome = probe_minimum(springs(), water, model_converged=True, model_largest_force=0.002)

    assert outcome.data == {
        "reference": "ase:test:Springs",
        "model_converged": True,
        "model_largest_force": 0.002,
        "reference_converged": True,
        "reason": "",
    }
    np.testing.assert_array_equal(
        outcome.arrays["model_positions_angstrom"], water.positions_angstrom
    )
    relaxed = outcome.arrays["reference_positions_angstrom"]
    distances = [np.linalg.norm(relaxed[i] - relaxed[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    # Springs 1.1 Å long between all atoms: the minimum is an equilateral triangle.
    np.testing.assert_allclose(distances, 1.1, atol=1e-3)


def test_a_reference_that_refuses_on_the_way_did_not_converge(springs, water):
    outcome = probe_minimum(
        springs(refusing(3)), water, model_converged=False, model_largest_force=0.2
    )

    assert outcome.data["reference_converged"] is False
    assert outcome.data["reason"] == "SCF not converged"
    assert outcome.data["model_converged"] is False
    assert outcome.arrays["reference_positions_angstrom"].shape == (3, 3)
