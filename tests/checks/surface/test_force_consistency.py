import numpy as np
import pytest

from openmm_mlff.checks.surface.force_consistency import force_consistency
from openmm_mlff.records import Status

STEPS = np.array([3e-2, 1e-2, 3e-3, 1e-3, 3e-4])


@pytest.fixture
def judge(judged, noise):
    def call(*, error=0.0, noise_ev=1e-9, work_ev=0.0, quadrature_ev=0.0, broken=False):
        """Forces off by `error` (eV/Å); differences with their own truncation and noise."""
        rng = np.random.default_rng(3)
        slopes = rng.normal(scale=2.0, size=(4, 6))
        own = 30.0 * STEPS**2
        rounding = rng.normal(size=(5, 4, 6)) * (noise_ev / (np.sqrt(2.0) * STEPS))[:, None, None]
        differences = slopes + own[:, None, None] * rng.normal(size=(4, 6)) + rounding
        gained = rng.normal(size=4)
        arrays = {
            "steps_angstrom": STEPS,
            "differences": differences,
            "projected_forces": -slopes + error * np.sign(rng.normal(size=(4, 6))),
            "refused": np.zeros(4, dtype=bool),
            "work_energy_changes_ev": gained,
            "work_integrals_ev": -gained + work_ev,
            "work_integrals_coarse_ev": -gained + work_ev + quadrature_ev,
            "work_refused": np.zeros(4, dtype=bool),
        }
        if broken:
            arrays["projected_forces"] = np.full((4, 6), np.nan)
        return judged("force_consistency", arrays=arrays | noise(noise_ev))

    return call


def test_forces_that_are_the_slope_pass_at_the_best_step(judge):
    result = judge(noise_ev=1e-6)
    assert result.status is Status.PASS
    # Truncation 30 h² meets noise 1e-6 / (√2 h) near h = 2.3e-3 Å.
    assert result.evidence["chosen_step_angstrom"] == 3e-3


def test_without_noise_the_smallest_step_is_the_best(judge):
    assert judge(noise_ev=1e-12).evidence["chosen_step_angstrom"] == 3e-4


def test_forces_that_are_off_fail_by_as_much(judge):
    result = judge(error=0.01)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(10.0, rel=0.05)


def test_an_error_below_the_noise_does_not_count(judge):
    noisy = judge(error=0.01, noise_ev=3e-4)
    assert noisy.evidence["detection_limit"] > 20.0
    assert noisy.status is Status.PASS
    assert noisy.threshold == pytest.approx(noisy.evidence["detection_limit"])


def test_work_that_is_not_the_energy_gained_fails(judge):
    result = judge(work_ev=2e-3)
    assert result.status is Status.FAIL
    assert (result.value, result.unit) == (pytest.approx(2.0), "meV")


def test_a_path_whose_integral_is_rough_says_nothing(judge):
    result = judge(work_ev=2e-3, quadrature_ev=1e-3)
    assert result.status is Status.PASS
    assert result.evidence["paths_too_rough_to_judge"] == 4


def test_what_is_no_number_fails(judge):
    assert judge(broken=True).status is Status.FAIL
    assert judge(work_ev=np.nan).status is Status.FAIL


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        force_consistency,
        system=water,
        name="force_consistency",
        limits=criteria("force_consistency"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
