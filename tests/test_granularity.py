"""Rounded energies have a common step, in any unit, above any constant; smooth ones have none."""

import numpy as np
import pytest

from openmm_mlff.granularity import energy_quantum_ev, is_float32, local_ulps_ev
from openmm_mlff.units import KJ_PER_MOL_PER_EV

PLACES = -5e-3 * np.cos(np.pi * (np.arange(41) + 0.5) / 41)


def energies(total_ev):
    """Return a curve with a slope of 3 eV/Å and a curvature of 50 eV/Å²."""
    return total_ev + 3.0 * PLACES + 25.0 * PLACES**2 - 40.0 * PLACES**3


def in_float32(values, unit=1.0):
    return (values / unit).astype(np.float32).astype(float) * unit


@pytest.mark.parametrize("total_ev", [-20.0, -2078.0, -13_000.0])
@pytest.mark.parametrize(
    ("unit", "constant_ev"),
    [(1.0, 0.0), (1.0 / KJ_PER_MOL_PER_EV, 0.0), (27.2114, 0.0), (7.0, 0.0), (1.0, 123.456)],
)
def test_float32_has_the_ulp_of_the_total(total_ev, unit, constant_ev):
    found = energy_quantum_ev(in_float32(energies(total_ev), unit) + constant_ev)
    ulp = float(np.spacing(np.float32(abs(total_ev / unit)))) * unit
    assert found == pytest.approx(ulp, rel=1e-4)
    assert is_float32(found, energy_ev=total_ev)


@pytest.mark.parametrize(
    "values",
    [
        energies(-2078.0),
        -2078.0 + 3.0 * PLACES,
        np.full(41, -5.0),
        np.array([-5.0, -4.0, -3.0]),
        np.full(41, np.nan),
        np.array([]),
    ],
)
def test_float64_has_no_step(values):
    assert energy_quantum_ev(values) == 0.0


def test_chance_makes_no_step():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        values = -100.0 + 10.0 ** rng.uniform(-6.0, 2.0) * rng.normal(size=41)
        assert energy_quantum_ev(values) == 0.0


def test_the_step_grows_with_the_energy():
    # Between 2¹³ and 2¹⁴ an ulp is 2⁻¹⁰, above it is 2⁻⁹.
    low, high = energies(9000.0), energies(17_000.0)
    found = local_ulps_ev(in_float32(np.concatenate([low, high, [np.nan]])))
    assert set(found[:41]) == {2.0**-10}
    assert set(found[41:82]) == {2.0**-9}
    assert found[82] == 0.0


def test_jumps_between_flat_pieces_are_no_ulps():
    flat = -20.0 - 1e-3 * np.repeat(np.arange(8), 10)
    assert energy_quantum_ev(flat) == pytest.approx(1e-3)
    assert not local_ulps_ev(flat).any()
    assert not local_ulps_ev(np.concatenate([-10_000.0 + energies(0.0), flat - 10_000.0])).any()


def test_half_precision_is_not_taken_for_float32():
    assert not is_float32(2.0**-7, energy_ev=-10.0)
