import numpy as np
import pytest

from openmm_mlff.probes.parity.precision_noise import (
    LINE_POINTS,
    LINE_STEP_ANGSTROM,
    probe_precision_noise,
)


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_a_student_is_compared_with_itself_in_both_precisions(student, subject, precision):
    outcome = probe_precision_noise(subject(student, precision=precision))

    assert outcome.data == {"method": "float32-float64", "wide_line_step_angstrom": 1e-3}
    arrays = outcome.arrays
    for name in ("energies_single_ev", "energies_double_ev"):
        assert arrays[name].shape == (3,)
    for name in ("forces_single", "forces_double"):
        assert arrays[name].shape == (3, 3, 3)
    difference = np.abs(arrays["forces_single"] - arrays["forces_double"])
    assert 0.0 < difference.max() < 1e-3


def test_the_line_of_a_smooth_potential_is_smooth(springs, subject):
    outcome = probe_precision_noise(subject(springs()))

    assert outcome.data == {
        "method": "line",
        "line_step_angstrom": LINE_STEP_ANGSTROM,
        "wide_line_step_angstrom": 1e-3,
    }
    energies = outcome.arrays["line_energies_ev"]
    assert energies.shape == (LINE_POINTS,)
    # Along so short a line a smooth energy is a parabola.
    steps = np.arange(LINE_POINTS)
    assert np.abs(energies - np.polyval(np.polyfit(steps, energies, 2), steps)).max() < 1e-11


def test_the_line_of_a_rough_potential_is_rough(springs, subject):
    rng = np.random.default_rng(1)

    def rough(_calls, energy, forces):
        return energy + rng.normal(scale=1e-4), forces

    energies = probe_precision_noise(subject(springs(rough))).arrays["line_energies_ev"]

    steps = np.arange(LINE_POINTS)
    residual = energies - np.polyval(np.polyfit(steps, energies, 2), steps)
    assert residual.std() == pytest.approx(1e-4, rel=0.5)
