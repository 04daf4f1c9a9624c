"""Gradients pass at the best step; other forces fail by as much as they err."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.force_consistency import (
    CHECK,
    LONGEST_PATH_ANGSTROM,
    SHORTEST_PATH_ANGSTROM,
    STEPS_ANGSTROM,
    Record,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy


@pytest.mark.parametrize(
    ("factor", "cause"), [(0.1, "as if kJ/mol/Å were taken for kJ/mol/nm"), (1.01, "")]
)
def test_scaled_forces_fail_under_a_staircase_and_their_factor_is_found(
    measured, subject_at, water, factor, cause
):
    plant = get_fault("scaled forces under a staircase").plant
    potential = plant(healthy("staircase", molecule=water, seed=0), factor - 1.0)
    result = measured(subject_at(potential, water))
    assert result.status is Status.FAIL
    assert result.evidence["force_over_slope"] == pytest.approx(factor, rel=2e-3)
    assert result.evidence["force_over_slope_cause"] == cause


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_passes_under_a_staircase_of_the_energy(measured, subject_at, seed):
    """Stairs of 1 meV make 3300 meV/Å of a step of 3e-4 Å; along whole paths they are little."""
    molecule = load_system("water" if seed % 2 else "methane")
    potential = healthy("staircase", molecule=molecule, seed=seed)
    result = measured(subject_at(potential, molecule, seed=seed))
    assert result.status is Status.PASS
    evidence = result.evidence
    assert evidence["rms_mev_per_angstrom_by_step"][-1] > 100.0
    assert evidence["compared_by"].startswith("work")
    assert evidence["detection_limit"] < 6.0
    assert evidence["force_over_slope"] == pytest.approx(1.0, abs=2e-3)


def test_differences_converge_and_work_is_the_energy_gained(subject_at, water):
    record = CHECK.measure(subject_at(healthy("pair", molecule=water, seed=0), water))
    error = record.differences + record.projected_forces
    rms = np.sqrt(np.mean(error**2, axis=(1, 2)))
    # The error of a central difference goes as the square of its step.
    steps = record.steps_angstrom
    np.testing.assert_allclose(rms[:-2] / rms[1:-1], (steps[:-2] / steps[1:-1]) ** 2, rtol=0.02)
    assert np.abs(record.work_energy_changes_ev).max() > 1e-2
    missing = record.work_energy_changes_ev + record.work_integrals_ev
    np.testing.assert_allclose(missing, 0.0, atol=1e-8)
    assert np.abs(record.work_integrals_ev - record.work_integrals_coarse_ev).max() < 1e-5


@pytest.mark.parametrize(
    ("apart_angstrom", "length_angstrom"),
    [(1e-3, SHORTEST_PATH_ANGSTROM), (2.0, LONGEST_PATH_ANGSTROM)],
)
def test_paths_are_neither_short_nor_long(subject_at, water, apart_angstrom, length_angstrom):
    subject = subject_at(healthy("pair", molecule=water, seed=0), water)
    start = water.positions_angstrom
    subject.geometries = lambda: np.stack([start, start + apart_angstrom * np.eye(3), start])
    lengths = CHECK.measure(subject).work_lengths_angstrom
    # All three atoms move as far; the last geometry is the first, and has no path.
    np.testing.assert_allclose(lengths, length_angstrom * np.sqrt([3.0, 3.0, 0.0]), atol=1e-12)


@pytest.fixture
def judge_forces(judge):
    """Judge forces off by `error`, eV/Å, and differences with truncation and noise of their own."""

    def call(
        *,
        error=0.0,
        noise_ev=1e-9,
        work_ev=0.0,
        quadrature_ev=0.0,
        length_angstrom=0.5,
        known=True,
        broken=False,
        refused=0,
    ):
        rng = np.random.default_rng(3)
        slopes = rng.normal(scale=2.0, size=(4, 6))
        own = (30.0 * STEPS_ANGSTROM**2)[:, None, None] * rng.normal(size=(4, 6))
        rounding = (
            rng.normal(size=(5, 4, 6)) * (noise_ev / (np.sqrt(2.0) * STEPS_ANGSTROM))[:, None, None]
        )
        projected = -slopes + error * np.sign(rng.normal(size=(4, 6)))
        gained = rng.normal(size=4)
        record = Record(
            steps_angstrom=STEPS_ANGSTROM,
            differences=slopes + own + rounding,
            projected_forces=np.full((4, 6), np.nan) if broken else projected,
            refused=np.arange(4) < refused,
            work_energy_changes_ev=gained,
            work_integrals_ev=-gained + work_ev,
            work_integrals_coarse_ev=-gained + work_ev + quadrature_ev,
            work_lengths_angstrom=np.full(4, length_angstrom),
            work_refused=np.zeros(4, dtype=bool),
            energy_noise_ev=noise_ev if known else np.nan,
            force_noise_ev_per_angstrom=noise_ev,
        )
        return judge(record)

    return call


@pytest.mark.parametrize(
    ("case", "status", "value", "unit"),
    [
        ({"noise_ev": 1e-6}, Status.PASS, None, None),
        ({"error": 0.01}, Status.FAIL, 10.0, "meV/Å"),
        # At 0.03 Å noise hides 3 × 3e-4 / (√2 0.03) = 21 meV/Å, along a path of 0.5 Å 2.5 meV/Å,
        # of 0.1 Å 13 meV/Å.
        ({"error": 0.01, "noise_ev": 3e-4}, Status.PASS, None, None),
        ({"error": 0.01, "noise_ev": 3e-4, "work_ev": 1.1e-3}, Status.PASS, None, None),
        (
            {"error": 0.03, "noise_ev": 3e-4, "work_ev": 1e-3, "length_angstrom": 0.1},
            Status.INCONCLUSIVE,
            None,
            None,
        ),
        ({"error": 0.5, "noise_ev": 3e-4}, Status.FAIL, 500.0, "meV/Å"),
        ({"error": 0.01, "noise_ev": 3e-4, "work_ev": 4e-3}, Status.FAIL, 4.0, "meV"),
        ({"error": 0.03, "work_ev": 4e-3, "known": False}, Status.INCONCLUSIVE, None, None),
        ({"broken": True, "known": False}, Status.FAIL, np.nan, "meV/Å"),
        ({"work_ev": 2e-3}, Status.FAIL, 2.0, "meV"),
        ({"work_ev": 2e-3, "quadrature_ev": 1e-3}, Status.PASS, None, None),
        ({"broken": True}, Status.FAIL, np.nan, "meV/Å"),
        ({"work_ev": np.nan}, Status.FAIL, np.nan, "meV"),
        ({"refused": 1}, Status.PASS, None, None),
        ({"refused": 2}, Status.INCONCLUSIVE, None, None),
    ],
)
def test_what_exceeds_the_own_error_decides(judge_forces, case, status, value, unit):
    judgement = judge_forces(**case)
    assert judgement.status is status
    if value is not None:
        assert judgement.value == pytest.approx(value, rel=0.05, nan_ok=True)
        assert judgement.unit == unit


def test_the_step_balances_noise_and_truncation(judge_forces):
    # Truncation 30 h² meets noise 1e-6 / (√2 h) near h = 2.3e-3 Å.
    assert judge_forces(noise_ev=1e-6).evidence["compared_by"] == "steps of 0.003 Å"
    assert judge_forces(noise_ev=1e-12).evidence["compared_by"] == "steps of 0.0003 Å"
    noisy = judge_forces(error=0.01, noise_ev=3e-4)
    assert noisy.evidence["compared_by"].startswith("work")
    assert noisy.evidence["detection_limit"] == pytest.approx(3.0 * np.sqrt(2.0) * 0.3 / 0.5)
