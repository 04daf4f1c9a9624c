"""Forces of the reference itself pass; scaled, noisy and rotated ones are measured and found."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.force_accuracy import CHECK, angles_degrees
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle


@pytest.mark.parametrize("name", ["water", "ethanol"])
@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (5.0, Status.FAIL)])
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
    result = measured(CHECK, subject)
    assert result.status is status
    assert (result.unit, result.threshold) == ("eV/Å", 0.2)
    assert result.evidence["frames_used"] == 40
    forces = subject.reference_labels.reference_forces
    scale = np.sqrt(np.mean(forces**2))
    assert result.value == pytest.approx((factor - 1.0) * scale, abs=1e-9)
    assert set(result.evidence["per_element"]) == set(molecule.symbols)


@pytest.fixture
def judge(make_labels, limits):
    def call(error):
        reference = make_labels().reference_forces
        record = make_labels(model_forces=reference + error(reference))
        return CHECK.judge(record, limits("force_accuracy"))

    return call


def noise(sigma):
    return lambda forces: sigma * np.random.default_rng(2).normal(size=forces.shape)


@pytest.mark.parametrize(
    ("sigma", "status"),
    [(0.0, Status.PASS), (0.05, Status.PASS), (0.2, Status.INCONCLUSIVE), (0.3, Status.FAIL)],
)
def test_planted_noise_is_measured(judge, sigma, status):
    judgement = judge(noise(sigma))
    evidence = judgement.evidence
    assert judgement.status is status
    # 900 components determine a root mean square to 2.4 %.
    assert judgement.value == pytest.approx(sigma, rel=0.08)
    # Of Gaussian noise the mean magnitude is √(2/π) σ, and R² = 1 − σ² for unit forces.
    assert evidence["mae_ev_per_angstrom"] == pytest.approx(np.sqrt(2 / np.pi) * sigma, rel=0.08)
    assert evidence["r2"] == pytest.approx(1 - sigma**2, abs=0.02)
    assert evidence["others"]["mae"]["ok"] is (sigma < 0.18)
    assert 0.0 <= evidence["interval_ev_per_angstrom"] < 0.03


def test_the_worst_element_and_atom_are_in_the_evidence(judge):
    def second_hydrogen_only(forces):
        error = np.zeros_like(forces)
        error[:, 2] = 0.6
        return error

    evidence = judge(second_hydrogen_only).evidence
    assert evidence["per_element"] == pytest.approx({"H": 0.6 / np.sqrt(2), "O": 0.0})
    assert evidence["per_atom"] == pytest.approx([0.0, 0.0, 0.6])
    assert len(evidence["per_frame"]) == 100


@pytest.mark.parametrize(
    ("factor", "unit", "angle"),
    [
        (4.184, "kJ/mol/Å", 0.0),
        (1.0 / 4.184, "kcal/mol/Å", 0.0),
        (1.3, "", 0.0),
        (-1.0, "", 180.0),
    ],
)
def test_forces_in_other_units_are_recognised(judge, factor, unit, angle):
    judgement = judge(lambda forces: (factor - 1.0) * forces)
    assert judgement.status is Status.FAIL
    assert judgement.evidence["angle_median_degrees"] == pytest.approx(angle, abs=1e-4)
    assert judgement.evidence["others"]["median_angle"]["ok"] is (angle == 0.0)
    assert unit in judgement.clause
    assert ("times the reference's" in judgement.clause) is bool(unit)


def test_a_rotated_force_is_off_by_the_angle():
    reference = np.random.default_rng(3).normal(size=(20, 3))
    reference[:, 2] = 0.0
    c, s = np.cos(np.radians(25.0)), np.sin(np.radians(25.0))
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    found = angles_degrees(reference @ turn.T, reference=reference)
    assert found == pytest.approx(np.full(len(found), 25.0))


def test_forces_near_zero_have_no_angle_and_vanishing_ones_no_direction():
    reference = np.array([[1e-3, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    forces = np.array([[-5.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    assert angles_degrees(forces, reference=reference) == pytest.approx([90.0, 0.0])
