from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.momentum_conservation import CHECK
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.plots import Band, Event, Level, Line
from openmm_mlff.report.conservation_plots import plot_energy, plot_momentum, plot_temperature
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import EnergySeries, MomentumSeries, RunFailure

from .conftest import of_kind, with_run

TIME_PS = 0.005 * np.arange(1, 201)
NOTHING = np.full(200, np.nan)


@pytest.fixture(scope="module")
def drift(key_checks):
    return key_checks["energy_drift"]


@pytest.fixture(scope="module")
def evidence(make_observations):
    return make_observations()


def marks(plot):
    """Marks with a name, by that name."""
    return {mark.name: mark for mark in plot.panels[0].marks if getattr(mark, "name", "")}


def spinning(evidence, *, gain):
    """Water whose angular momentum about z grows with time."""
    angular = np.zeros((len(TIME_PS), 3))
    angular[:, 2] = 5.0 + gain * (TIME_PS - TIME_PS[0])
    return with_run(evidence, momenta={"angular": angular})


def test_the_line_has_the_slope_of_the_check_and_not_that_of_the_data(evidence, drift):
    # The data rise by 100 meV/atom/ps; the check says -0.0123.
    rising = with_run(evidence, energies={"total_ev": -100.0 + 0.3 * TIME_PS})
    found = marks(plot_energy(rising, drift))
    line, curve = found["drift -0.0123 meV/atom/ps"], found["total energy"]
    assert np.diff(line.y) / np.diff(line.x) == pytest.approx([-0.0123, -0.0123])
    assert curve.y[0] == 0.0
    assert curve.y[-1] == pytest.approx(0.3 * (TIME_PS[-1] - TIME_PS[0]) * 1000.0 / 3)
    # Through the mean of time and energy.
    assert np.interp(TIME_PS.mean(), line.x, line.y) == pytest.approx(curve.y.mean())


def test_interval_and_limit_fan_out_from_the_mean(evidence, drift, make_result):
    plot = plot_energy(evidence, drift)
    (band,) = of_kind(plot.panels[0], Band)
    lever_ps = np.abs(band.x - band.x[1])
    np.testing.assert_allclose(band.high - band.low, 2 * 0.0045 * lever_ps, atol=1e-12)
    allowed = [one for one in of_kind(plot.panels[0], Line) if one.name == "largest allowed"]
    slopes = [(one.y[-1] - one.y[0]) / (one.x[-1] - one.x[0]) for one in allowed]
    assert slopes == pytest.approx([0.1, -0.1])
    assert "-0.0123 ± 0.0045" in plot.caption
    for unfitted in (None, make_result(status=Status.INCONCLUSIVE)):
        assert len(plot_energy(evidence, unfitted).panels[0].marks) == 1


def test_an_explosion_does_not_flatten_what_came_before(evidence, drift):
    total_ev = -100.0 + 1e-4 * np.sin(np.arange(200))
    total_ev[190:] += np.exp(np.arange(10.0) * 3)
    failure = RunFailure("unstable", "O–H torn", 1.0)
    plot = plot_energy(with_run(evidence, energies={"total_ev": total_ev}, failure=failure), drift)
    assert np.ptp(plot.panels[0].y.range) < 2.0
    assert "1.77e+14 meV/atom" in plot.caption
    assert "failed at 1 ps: O–H torn." in plot.caption
    (event,) = of_kind(plot.panels[0], Event)
    assert (event.x, event.text) == (1.0, "unstable at 1 ps")
    unknown = with_run(evidence, failure=RunFailure("error", "broke", np.nan))
    assert of_kind(plot_energy(unknown, drift).panels[0], Event) == []


def test_the_temperature_has_mean_target_and_in_long_runs_a_running_mean(evidence):
    kelvin = np.where(np.arange(200) % 2, 250.0, 310.0)
    plot = plot_temperature(with_run(evidence, energies={"temperature_kelvin": kelvin}), None)
    assert "mean 280 K, standard deviation 30 K, target 300 K" in plot.caption
    assert marks(plot)["mean 280 K"] == Level(280.0, "mean 280 K", "bad", "solid")
    assert marks(plot)["target 300 K"].value == 300.0
    time_ps = 0.01 * np.arange(1, 1001)
    energies = EnergySeries(time_ps, *(np.zeros(1000),) * 3, 300.0 + 10.0 * np.sin(400 * time_ps))
    mean = marks(plot_temperature(with_run(evidence, energies=energies), None))["0.5 ps mean"]
    assert len(mean.x) == 1000 - 50 + 1
    assert mean.y == pytest.approx(np.full(951, 300.0), abs=1.0)
    one = EnergySeries(*(np.array([value]) for value in (0.0, -1.0, 0.1, -0.9, 300.0)))
    single = with_run(evidence, energies=one)
    assert "mean 300 K" in plot_temperature(single, None).caption
    assert plot_energy(single, None).panels[0].x.range[1] > 0.0


@pytest.mark.parametrize("gain", [3.0, 1e-6])
def test_the_momentum_ends_at_the_number_of_the_check_and_its_limit_is_seen(evidence, gain):
    spun = spinning(evidence, gain=gain)
    limits = load_protocol("standard").limits_for("momentum_conservation")
    result = CHECK.result(CHECK.judge(spun, limits), system="water")
    (panel,) = plot_momentum(spun, result).panels
    curve, limit = panel.marks
    assert curve.y.max() == pytest.approx(result.value)
    assert limit.value == result.threshold
    assert panel.y.log
    low, high = panel.y.range
    assert low < min(result.threshold, result.value)
    assert high > max(result.threshold, result.value)


def test_of_a_box_the_linear_momentum_is_drawn(evidence):
    assert plot_momentum(evidence, None) is not None
    spun = spinning(evidence, gain=1.0)
    plot = plot_momentum(replace(spun, system=spun.system.with_cell(20.0 * np.eye(3))), None)
    assert plot.title == "Linear momentum"
    (curve,) = plot.panels[0].marks
    assert curve.y.max() <= 1e-9


def test_nothing_to_draw_gives_no_plot(evidence):
    empty = EnergySeries(*(np.empty(0) for _ in range(5)))
    blank = {"total_ev": NOTHING, "temperature_kelvin": NOTHING}
    unrun = replace(evidence, runs=())
    for case in (unrun, with_run(evidence, energies=empty), with_run(evidence, energies=blank)):
        assert plot_energy(case, None) is None
        assert plot_temperature(case, None) is None
    none = MomentumSeries(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    lost = with_run(evidence, momenta={"angular": np.full((200, 3), np.nan)})
    atom = replace(evidence, system=MolecularSystem("atom", np.array([8]), np.zeros((1, 3))))
    for case in (unrun, with_run(evidence, momenta=none), lost, atom):
        assert plot_momentum(case, None) is None
