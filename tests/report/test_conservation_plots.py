from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.momentum_conservation import CHECK
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.plots import Band, Event, Level
from openmm_mlff.report.conservation_plots import plot_energy, plot_momentum, plot_temperature
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import EnergySeries, MomentumSeries, RunFailure


@pytest.fixture
def drift(make_checks):
    return next(result for result in make_checks() if result.id == "energy_drift")


def marks(plot):
    """Marks with a name, by that name."""
    return {mark.name: mark for mark in plot.panels[0].marks if getattr(mark, "name", "")}


def with_column(observations, **columns):
    (run,) = observations.runs
    return replace(observations, runs=(replace(run, energies=replace(run.energies, **columns)),))


def spinning(observations, *, gain):
    """Water whose angular momentum about z grows with time."""
    (run,) = observations.runs
    time_ps = run.momenta.time_ps
    angular = np.zeros((len(time_ps), 3))
    angular[:, 2] = 5.0 + gain * (time_ps - time_ps[0])
    momenta = MomentumSeries(time_ps, np.zeros_like(angular), angular, np.ones(len(time_ps)))
    return replace(observations, runs=(replace(run, momenta=momenta),))


def judged(observations):
    limits = load_protocol("standard").limits_for("momentum_conservation")
    return CHECK.result(CHECK.judge(observations, limits), system="water")


def test_the_line_has_the_slope_of_the_check_and_not_that_of_the_data(make_observations, drift):
    # The data rise by 100 meV/atom/ps; the check says -0.0123.
    time_ps = 0.005 * np.arange(1, 201)
    observations = with_column(make_observations(), total_ev=-100.0 + 0.3 * time_ps)
    found = marks(plot_energy(observations, drift))
    line, curve = found["drift -0.0123 meV/atom/ps"], found["total energy"]
    assert np.diff(line.y) / np.diff(line.x) == pytest.approx([-0.0123, -0.0123])
    assert curve.y[0] == 0.0
    assert curve.y[-1] == pytest.approx(0.3 * (time_ps[-1] - time_ps[0]) * 1000.0 / 3)
    # Through the mean of time and energy.
    assert np.interp(time_ps.mean(), line.x, line.y) == pytest.approx(curve.y.mean())


def test_interval_and_limit_fan_out_from_the_mean(make_observations, drift):
    plot = plot_energy(make_observations(), drift)
    (band,) = [mark for mark in plot.panels[0].marks if isinstance(mark, Band)]
    lever_ps = np.abs(band.x - band.x[1])
    np.testing.assert_allclose(band.high - band.low, 2 * 0.0045 * lever_ps, atol=1e-12)
    allowed = [
        mark for mark in plot.panels[0].marks if getattr(mark, "name", "") == "largest allowed"
    ]
    slopes = [(one.y[-1] - one.y[0]) / (one.x[-1] - one.x[0]) for one in allowed]
    assert slopes == pytest.approx([0.1, -0.1])
    assert "-0.0123 ± 0.0045" in plot.caption
    assert (plot.name, plot.title) == ("energy", "Total energy")


def test_without_a_fit_there_is_no_line(make_observations, make_result):
    for result in (None, make_result(status=Status.INCONCLUSIVE)):
        plot = plot_energy(make_observations(), result)
        assert len(plot.panels[0].marks) == 1


def test_gaps_and_infinities_are_gaps(make_observations, drift):
    total_ev = np.full(200, -100.0)
    total_ev[[0, 7, 199]] = [np.nan, np.inf, -np.inf]
    plot = plot_energy(with_column(make_observations(), total_ev=total_ev), drift)
    curve = marks(plot)["total energy"]
    assert np.isnan(curve.y[[0, 7, 199]]).all()
    assert np.nanmax(np.abs(curve.y)) == 0.0


def test_nothing_to_draw_gives_no_plot(make_observations, drift):
    nothing = np.full(200, np.nan)
    empty = EnergySeries(*(np.empty(0) for _ in range(5)))
    observations = make_observations()
    blank = with_column(observations, total_ev=nothing, temperature_kelvin=nothing)
    unrun = replace(observations, runs=(replace(observations.runs[0], energies=empty),))
    for case in (blank, unrun, replace(observations, runs=())):
        assert plot_energy(case, drift) is None
        assert plot_temperature(case, None) is None


def test_an_explosion_does_not_flatten_what_came_before(make_observations, drift):
    total_ev = -100.0 + 1e-4 * np.sin(np.arange(200))
    total_ev[190:] += np.exp(np.arange(10.0) * 3)
    observations = with_column(make_observations(), total_ev=total_ev)
    failed = replace(observations.runs[0], failure=RunFailure("unstable", "O–H torn", 1.0))
    plot = plot_energy(replace(observations, runs=(failed,)), drift)
    assert np.ptp(plot.panels[0].y.range) < 2.0
    assert "1.77e+14 meV/atom" in plot.caption
    assert "failed at 1 ps: O–H torn." in plot.caption
    (event,) = [mark for mark in plot.panels[0].marks if isinstance(mark, Event)]
    assert (event.x, event.text) == (1.0, "unstable at 1 ps")


def test_a_failure_at_an_unknown_time_is_not_marked(make_observations, drift):
    observations = make_observations()
    failed = replace(observations.runs[0], failure=RunFailure("error", "broke", np.nan))
    plot = plot_energy(replace(observations, runs=(failed,)), drift)
    assert not [mark for mark in plot.panels[0].marks if isinstance(mark, Event)]


def test_replicas_are_drawn_each(make_observations, make_run, drift):
    observations = make_observations()
    runs = tuple(make_run(observations.system, seed=k, name=f"r{k}", replica=k) for k in range(3))
    plot = plot_energy(replace(observations, runs=runs), drift)
    assert {"replica 0", "replica 1", "replica 2"} <= set(marks(plot))
    assert "3 replicas" in plot.caption


def test_the_temperature_is_shown_with_mean_and_target(make_observations):
    kelvin = np.where(np.arange(200) % 2, 250.0, 310.0)
    plot = plot_temperature(with_column(make_observations(), temperature_kelvin=kelvin), None)
    assert "mean 280 K, standard deviation 30 K, target 300 K" in plot.caption
    found = marks(plot)
    assert found["mean 280 K"] == Level(280.0, "mean 280 K", "bad", "solid")
    assert found["target 300 K"].value == 300.0


def test_a_long_run_has_a_running_mean(make_observations):
    time_ps = 0.01 * np.arange(1, 1001)
    energies = EnergySeries(time_ps, *(np.zeros(1000),) * 3, 300.0 + 10.0 * np.sin(400 * time_ps))
    observations = make_observations()
    run = replace(observations.runs[0], energies=energies)
    mean = marks(plot_temperature(replace(observations, runs=(run,)), None))["0.5 ps mean"]
    assert len(mean.x) == 1000 - 50 + 1
    assert mean.y == pytest.approx(np.full(951, 300.0), abs=1.0)


def test_a_single_row_is_drawn(make_observations):
    energies = EnergySeries(*(np.array([value]) for value in (0.0, -1.0, 0.1, -0.9, 300.0)))
    observations = make_observations()
    one = replace(observations, runs=(replace(observations.runs[0], energies=energies),))
    assert "mean 300 K" in plot_temperature(one, None).caption
    assert plot_energy(one, None).panels[0].x.range[1] > 0.0


@pytest.mark.parametrize("gain", [3.0, 1e-6])
def test_the_momentum_ends_at_the_number_of_the_check_and_its_limit_is_seen(
    make_observations, gain
):
    observations = spinning(make_observations(), gain=gain)
    result = judged(observations)
    plot = plot_momentum(observations, result)
    curve, limit = plot.panels[0].marks
    assert curve.y.max() == pytest.approx(result.value)
    assert limit.value == result.threshold
    assert plot.panels[0].y.log
    low, high = plot.panels[0].y.range
    assert low < min(result.threshold, result.value)
    assert high > max(result.threshold, result.value)


def test_a_momentum_that_stays_to_the_last_bit_is_drawn(make_observations):
    assert plot_momentum(make_observations(), None) is not None


def test_of_a_box_the_linear_momentum_is_drawn(make_observations):
    observations = spinning(make_observations(), gain=1.0)
    boxed = replace(observations, system=observations.system.with_cell(20.0 * np.eye(3)))
    plot = plot_momentum(boxed, None)
    assert plot.title == "Linear momentum"
    assert "√(kT M)" in plot.caption
    assert "It reaches 0." in plot.caption or "It reaches 1e-9." in plot.caption


def test_without_momenta_there_is_no_plot(make_observations):
    observations = make_observations()
    (run,) = observations.runs
    nothing = MomentumSeries(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    lost = replace(run.momenta, angular=np.full((200, 3), np.nan))
    atom = MolecularSystem("atom", np.array([8]), np.zeros((1, 3)))
    cases = [
        replace(observations, runs=()),
        replace(observations, runs=(replace(run, momenta=nothing),)),
        replace(observations, runs=(replace(run, momenta=lost),)),
        replace(observations, system=atom),
    ]
    for case in cases:
        assert plot_momentum(case, None) is None
