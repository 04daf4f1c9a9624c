import logging

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.second_opinion import convergence_deviation, kinetic_deviations
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN

THERMAL_EV = BOLTZMANN_EV_PER_KELVIN * 300.0


def test_fluctuations_that_fall_as_the_timestep_squared_do_not_deviate():
    ripple = np.sin(np.arange(200.0))
    totals = {0.25: 1.0 * ripple, 0.5: 4.0 * ripple, 1.0: 16.0 * ripple}
    assert convergence_deviation(totals) == pytest.approx(0.0, abs=1e-12)
    # 8/4 − 1, of the pair that does not.
    assert convergence_deviation(totals | {1.0: 32.0 * ripple}) == pytest.approx(1.0)


def test_kinetic_energies_of_the_gamma_distribution_do_not_deviate():
    energies_ev = THERMAL_EV * np.random.default_rng(0).gamma(4.5, size=2000)
    mean, width = kinetic_deviations(energies_ev, degrees_of_freedom=9, temperature_kelvin=300.0)
    assert max(mean, width) < 3.0
    mean, width = kinetic_deviations(
        1.1 * energies_ev, degrees_of_freedom=9, temperature_kelvin=300.0
    )
    # 10 % of the mean, whose error is √(1/(4.5 · 2000)).
    assert mean == pytest.approx(0.1 / 1.1 * np.sqrt(9000), rel=0.4)
    assert width > 3.0


def test_it_is_silent_and_leaves_logging_as_it_was(capfd):
    logger = logging.getLogger("pymbar")
    before = logger.level
    convergence_deviation({1.0: np.arange(5.0), 2.0: 4.0 * np.arange(5.0)})
    kinetic_deviations(np.full(30, THERMAL_EV), degrees_of_freedom=9, temperature_kelvin=300.0)
    assert logger.level == before
    assert capfd.readouterr() == ("", "")
