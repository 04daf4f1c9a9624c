"""The mean temperature of a harmonic molecule is known: a run of f modes scatters by 1/√f."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from openmm_mlff.checks.dynamics.temperature import compare_mean
from openmm_mlff.results import Status


@pytest.fixture
def judge_means(judge_runs, water, make_run, make_short_runs):
    """Judge planted mean temperatures of the run and of the short ones."""

    def call(run_kelvin, short_kelvin=(), *, freedom=3, short_at=300.0):
        run = make_run(water, degrees_of_freedom=freedom)
        temperatures = np.full_like(run.energies.time_ps, run_kelvin)
        run = replace(run, energies=replace(run.energies, temperature_kelvin=temperatures))
        asked = np.full(len(short_kelvin), short_at)
        short = {"degrees_of_freedom": freedom, "asked_kelvin": asked}
        return judge_runs(run, short_runs=make_short_runs(short_kelvin, **short))

    return call


@pytest.mark.parametrize(
    ("kelvin", "short_kelvin", "scatter", "status"),
    [
        (70.0, 300.0, 60.0, Status.PASS),
        (70.0, 70.0, 20.0, Status.INCONCLUSIVE),
        (70.0, 70.0, 0.0, Status.INCONCLUSIVE),
        (600.0, 600.0, 60.0, Status.INCONCLUSIVE),
    ],
)
def test_the_mean_of_all_runs_counts(judge_means, kelvin, short_kelvin, scatter, status):
    short = [short_kelvin + shift for shift in (-scatter, scatter) * 8]
    found = judge_means(kelvin, short)
    assert found.status is status
    assert (found.value <= found.threshold == 3.0) is (status is Status.PASS)
    everything = np.array([kelvin, *short])
    half_width = stdtrit(16, 0.975) * everything.std(ddof=1) / np.sqrt(17)
    assert found.evidence["mean_kelvin"] == pytest.approx(everything.mean())
    assert found.evidence["half_width_kelvin"] == pytest.approx(half_width)


@pytest.mark.parametrize(
    ("kelvin", "freedom", "deviation", "status"),
    [
        # 300 K/√f is 173 K for three vibrations, 17.3 K for three hundred.
        (90.0, 3, 1.21, Status.PASS),
        (90.0, 300, 12.1, Status.INCONCLUSIVE),
        (280.0, 300, 1.15, Status.PASS),
        (0.0, 0, None, Status.NOT_APPLICABLE),
    ],
)
def test_theory_judges_a_single_run(judge_means, kelvin, freedom, deviation, status):
    # Short runs of another temperature do not count.
    found = judge_means(kelvin, [100.0] * 16, freedom=freedom, short_at=100.0)
    assert found.status is status
    if deviation is not None:
        assert found.value == pytest.approx(deviation, rel=0.01)
        half_width = 1.96 * kelvin / freedom**0.5
        assert found.evidence["half_width_kelvin"] == pytest.approx(half_width, 1e-3)


def test_harmonic_runs_are_undecided_once_in_hundreds_and_within_their_interval():
    # The energy of f classical oscillators follows a gamma distribution of shape f.
    drawn = np.random.default_rng(0).gamma(3.0, 100.0, size=(2000, 16))
    half_widths, deviations = np.transpose(
        [compare_mean(runs, asked_kelvin=300.0, degrees_of_freedom=3) for runs in drawn]
    )
    assert np.mean(deviations > 3.0) < 0.01
    assert 0.91 < np.mean(abs(drawn.mean(axis=1) - 300.0) <= half_widths) < 0.97
    errors = np.sqrt(3.0) * drawn.std(axis=1, ddof=1) / 300.0
    assert np.mean(errors) == pytest.approx(1.0, abs=0.05)


def test_a_hot_thermostat_is_noticed(measured, faulty):
    # It kicks all nine degrees of freedom, and the temperature counts three.
    probes = {"sampling_ps": 1.0, "ensemble_ps": 0.05, "ensemble_runs": 16}
    result = measured(faulty("hot thermostat", strength=0.3, probes=probes))
    assert result.status is Status.INCONCLUSIVE
    assert result.evidence["mean_kelvin"] > 500.0
