"""Smooth forces pass, with one precision or two, whatever the rounding of the energy is."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.precision_noise import Record
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.staircase import STAIR_EV


def test_a_staircase_of_the_energy_is_reported_and_passes(measured, sound):
    result = measured(sound("staircase"))
    assert result.status is Status.PASS
    assert result.value < 1e-9
    assert len(result.evidence["measures"]) == 2
    assert result.evidence["energy_stairs_mev"] == pytest.approx(1e3 * STAIR_EV)
    assert result.evidence["energy_stairs_are_float32"]
    assert result.evidence["energy_stairs_over_kt"] == pytest.approx(0.98 / 25.85, rel=0.01)


FORCES = np.random.default_rng(1).normal(size=(2, 50, 3, 3)) * [[[[0.0]]], [[[1.0]]]]


def in_two_precisions(sigma, energy_ev=0.0):
    """Return forces whose components differ by a standard deviation."""
    return {"forces": sigma * FORCES, "energies_ev": np.outer([energy_ev, 0.0], np.ones(50))}


@pytest.mark.parametrize(
    ("noise", "status", "value"),
    [
        ({"short_line_forces": 4e-3}, Status.PASS, 4e-3),
        ({"short_line_forces": 6e-3}, Status.FAIL, 6e-3),
        ({"long_line_forces": 6e-3}, Status.FAIL, 6e-3),
        ({"energy_noise_ev": 0.1}, Status.PASS, 0.0),
        ({"energy_noise_ev": np.nan}, Status.FAIL, np.nan),
        ({"short_line_forces": np.nan}, Status.FAIL, np.nan),
        ({"long_line_forces": np.nan}, Status.FAIL, np.nan),
        ({"short_line_forces": np.nan, "refused": 1}, Status.INCONCLUSIVE, None),
        # 450 components tell a standard deviation to 3.3 %.
        (in_two_precisions(4e-3), Status.PASS, 4e-3),
        (in_two_precisions(6e-3), Status.FAIL, 6e-3),
        (in_two_precisions(np.nan), Status.FAIL, np.nan),
        (in_two_precisions(0.0, energy_ev=np.inf), Status.FAIL, np.nan),
    ],
)
def test_forces_decide_and_energies_do_not(decides, noise, status, value):
    quiet = ("short_line_forces", "long_line_forces", "energy_noise_ev", "energy_quantum_ev")
    fields = dict.fromkeys(quiet, 0.0) | {"energy_ev": -2000.0, "temperature_kelvin": 300.0}
    decides(Record(**(fields | {"refused": 0} | noise)), status, value, rel=0.1)
