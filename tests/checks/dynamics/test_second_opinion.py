import logging

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.second_opinion import convergence_deviation, kinetic_deviations
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN

THERMAL_EV = BOLTZMANN_EV_PER_KELVIN * 300.0


def test_it_finds_what_deviates_and_is_silent(capfd):
    before = logging.getLogger("pymbar").level
    ripple = np.sin(np.arange(200.0))
    totals = {0.25: 1.0 * ripple, 0.5: 4.0 * ripple, 1.0: 16.0 * ripple}
    assert convergence_deviation(totals) == pytest.approx(0.0, abs=1e-12)
    # 8/4 − 1, of the pair that does not fall as the timestep squared.
    assert convergence_deviation(totals | {1.0: 32.0 * ripple}) == pytest.approx(1.0)

    energies_ev = THERMAL_EV * np.random.default_rng(0).gamma(4.5, size=2000)
    sound, hot = (
        kinetic_deviations(factor * energies_ev, degrees_of_freedom=9, temperature_kelvin=300.0)
        for factor in (1.0, 1.1)
    )
    assert max(sound) < 3.0
    # 10 % of the mean, whose error is √(1/(4.5 · 2000)).
    assert hot[0] == pytest.approx(0.1 / 1.1 * np.sqrt(9000), rel=0.4)
    assert hot[1] > 3.0
    assert logging.getLogger("pymbar").level == before
    assert capfd.readouterr() == ("", "")
