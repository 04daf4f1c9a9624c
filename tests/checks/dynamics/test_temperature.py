"""The mean temperature of a harmonic molecule is known: a run of f modes scatters by 1/√f."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from openmm_mlff.checks.dynamics.temperature import CHECK, compare_mean
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Ensemble
from openmm_mlff.storage.typed import to_tables


@pytest.fixture
def judge(water, make_run, limits):
    """Judge planted mean temperatures of the run and of the short ones."""

    def call(run_kelvin, short_kelvin=(), *, freedom=3, short_at=300.0, failure=None):
        run = make_run(water, degrees_of_freedom=freedom, failure=failure)
        temperatures = np.full_like(run.energies.time_ps, run_kelvin)
        run = replace(run, energies=replace(run.energies, temperature_kelvin=temperatures))
        ensemble = Ensemble(
            temperatures_kelvin=np.array(short_kelvin, dtype=float),
            positions_angstrom=np.zeros((len(short_kelvin), 1, 3, 3)),
            frame_time_ps=np.array([0.5]),
            degrees_of_freedom=freedom,
            temperature_kelvin=short_at,
            timestep_fs=0.5,
            duration_ps=0.5,
        )
        data, arrays = to_tables(ensemble)
        stored = {"ensemble": Measurement("ensemble", "done", data=data, arrays=arrays)}
        evidence = Evidence(system=water, runs=(run,), measurements=stored).at(run.condition)
        return CHECK.judge(evidence, limits(CHECK.id))

    return call


def test_one_cold_run_among_short_ones_passes_with_their_mean(judge):
    short = [300.0 + shift for shift in (-60.0, 60.0) * 8]
    found = judge(70.0, short)
    assert found.status is Status.PASS
    everything = np.array([70.0, *short])
    half_width = stdtrit(16, 0.975) * everything.std(ddof=1) / np.sqrt(17)
    assert found.evidence["mean_kelvin"] == pytest.approx(everything.mean())
    assert found.evidence["half_width_kelvin"] == pytest.approx(half_width)
    assert found.clause.startswith("the mean temperature of 17 runs is 286 ± 42 K (95 %)")


@pytest.mark.parametrize(("kelvin", "scatter"), [(70.0, 20.0), (70.0, 0.0), (600.0, 60.0)])
def test_cold_and_hot_dynamics_are_undecided(judge, kelvin, scatter):
    found = judge(kelvin, [kelvin + shift for shift in (-scatter, scatter) * 8])
    assert found.status is Status.INCONCLUSIVE
    assert found.value > found.threshold == 3.0
    assert found.evidence["mean_kelvin"] == pytest.approx(kelvin)


@pytest.mark.parametrize(
    ("kelvin", "freedom", "deviation", "status"),
    [
        # 300 K/√f is 173 K for three vibrations, 17.3 K for three hundred.
        (90.0, 3, 1.21, Status.PASS),
        (90.0, 300, 12.1, Status.INCONCLUSIVE),
        (280.0, 300, 1.15, Status.PASS),
    ],
)
def test_theory_judges_a_single_run(judge, kelvin, freedom, deviation, status):
    found = judge(kelvin, freedom=freedom)
    assert found.status is status
    assert found.value == pytest.approx(deviation, rel=0.01)
    assert found.evidence["half_width_kelvin"] == pytest.approx(1.96 * kelvin / freedom**0.5, 1e-3)


def test_short_runs_of_another_temperature_do_not_count(judge):
    assert judge(280.0, [100.0] * 16, short_at=100.0).evidence["runs_kelvin"].tolist() == [280.0]


def test_nothing_that_vibrates_is_not_applicable_and_no_whole_run_undecided(
    judge, water, make_run, at_condition, limits
):
    assert judge(0.0, freedom=0).status is Status.NOT_APPLICABLE
    cut_short = at_condition(water, make_run(water, degrees_of_freedom=3, completed_ps=2.0))
    assert CHECK.judge(cut_short, limits(CHECK.id)).status is Status.INCONCLUSIVE
    assert CHECK.judge(at_condition(water), limits(CHECK.id)).status is Status.SKIPPED


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


MANY = {"sampling_ps": 2.0, "ensemble_ps": 0.05, "ensemble_runs": 16}


def test_sound_water_has_its_temperature(measured, sound):
    subject = sound(probes=MANY)
    result = measured(CHECK, subject)
    assert result.status is Status.PASS
    assert len(result.evidence["runs_kelvin"]) == 17


def test_a_hot_thermostat_is_noticed(measured, faulty):
    # It kicks all nine degrees of freedom, and the temperature counts three.
    hot = faulty("hot thermostat", strength=0.3, probes=MANY | {"sampling_ps": 1.0})
    result = measured(CHECK, hot)
    assert result.status is Status.INCONCLUSIVE
    assert result.evidence["mean_kelvin"] > 500.0
