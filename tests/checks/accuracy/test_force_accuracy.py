"""Forces of the reference itself pass; scaled, noisy and rotated ones are measured and found."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.force_accuracy import angles_degrees
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle


@pytest.mark.parametrize(
    ("name", "factor", "status"), [("water", 1.0, Status.PASS), ("ethanol", 5.0, Status.FAIL)]
)
def test_forces_that_are_too_large_are_found(measured, make_subject, scaled, name, factor, status):
    molecule = load_system(name)
    oracle = FieldOracle(molecule, seed=0)
    subject = make_subject(
        scaled(oracle, factor),
        molecule,
        dynamics={"frame_interval_steps": 5},
        probes={"reference_frames": 40},
        reference=oracle,
    )
    result = measured(subject)
    assert (result.status, result.unit, result.threshold) == (status, "eV/Å", 0.2)
    scale = np.sqrt(np.mean(subject.reference_labels.reference_forces**2))
    assert result.value == pytest.approx((factor - 1.0) * scale, abs=1e-9)


@pytest.fixture
def judge_error(judge, make_labels):
    def call(error):
        reference = make_labels().reference_forces
        return judge(make_labels(model_forces=reference + error(reference)))

    return call


@pytest.mark.parametrize(
    ("sigma", "status"),
    [(0.0, Status.PASS), (0.05, Status.PASS), (0.2, Status.INCONCLUSIVE), (0.3, Status.FAIL)],
)
def test_planted_noise_is_measured(judge_error, sigma, status):
    noise = np.random.default_rng(2).normal(scale=sigma, size=(100, 3, 3))
    judgement = judge_error(lambda _: noise)
    evidence = judgement.evidence
    assert judgement.status is status
    # 900 components determine a root mean square to 2.4 %.
    assert judgement.value == pytest.approx(sigma, rel=0.08)
    # Of Gaussian noise the mean magnitude is √(2/π) σ, and R² = 1 − σ² for unit forces.
    assert evidence["mae_ev_per_angstrom"] == pytest.approx(np.sqrt(2 / np.pi) * sigma, rel=0.08)
    assert evidence["r2"] == pytest.approx(1 - sigma**2, abs=0.02)
    assert evidence["others"]["mae"]["ok"] is (sigma < 0.18)


@pytest.mark.parametrize(
    ("factor", "unit", "angle"),
    [(4.184, "kJ/mol/Å", 0.0), (1 / 4.184, "kcal/mol/Å", 0.0), (1.3, "", 0.0), (-1.0, "", 180.0)],
)
def test_forces_in_other_units_are_recognised(judge_error, factor, unit, angle):
    judgement = judge_error(lambda forces: (factor - 1.0) * forces)
    assert judgement.status is Status.FAIL
    assert judgement.evidence["angle_median_degrees"] == pytest.approx(angle, abs=1e-4)
    assert unit in judgement.clause
    assert ("times the reference's" in judgement.clause) is bool(unit)


def test_a_rotated_force_is_off_by_the_angle_and_one_near_zero_has_none():
    reference = np.random.default_rng(3).normal(size=(20, 3))
    reference[:, 2] = 0.0
    c, s = np.cos(np.radians(25.0)), np.sin(np.radians(25.0))
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    found = angles_degrees(reference @ turn.T, reference=reference)
    assert found == pytest.approx(np.full(len(found), 25.0))
    reference = np.array([[1e-3, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    forces = np.array([[-5.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    assert angles_degrees(forces, reference=reference) == pytest.approx([90.0, 0.0])
