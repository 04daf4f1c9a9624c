from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.probes.dynamics.kinetic_distribution import probe_kinetic_distribution
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


@pytest.fixture
def sampled(subject, resting_water):
    def run(potential, *, sampling_ps, **changes):
        asked = subject(potential, molecule=resting_water)
        spec = asked.spec.model_copy(update={"sampling_ps": sampling_ps})
        return probe_kinetic_distribution(replace(asked, spec=spec, **changes))

    return run


def test_springs_reach_their_temperature(sampled, springs, water):
    outcome = sampled(springs(), sampling_ps=4.0, temperature_kelvin=200.0)
    assert outcome.data["failure"] == ""
    assert outcome.data["temperature_kelvin"] == 200.0
    velocities = outcome.arrays["velocities_angstrom_per_ps"]
    assert velocities.shape == outcome.arrays["positions_angstrom"].shape == (400, 3, 3)
    np.testing.assert_allclose(outcome.arrays["time_ps"], 0.01 * np.arange(1, 401))
    np.testing.assert_array_equal(outcome.arrays["masses_amu"], water.masses_amu)
    kinetic_ev = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * water.masses_amu * (velocities**2).sum(axis=2)
    # 9 degrees of freedom, some 40 independent samples: 7 %; three times that.
    expected_ev = 4.5 * BOLTZMANN_EV_PER_KELVIN * 200.0
    assert kinetic_ev.sum(axis=1).mean() == pytest.approx(expected_ev, rel=0.22)
    # Nothing holds the centre of mass.
    assert np.abs(water.masses_amu @ velocities).max() > 1.0


def test_a_molecule_that_breaks_is_no_error_of_the_code(sampled, springs):
    def apart(_calls, energy, forces):
        return -energy, -3.0 * forces

    outcome = sampled(springs(apart), sampling_ps=0.2)
    assert "at 0." in outcome.data["failure"]
    assert not outcome.arrays
    assert not outcome.skipped
