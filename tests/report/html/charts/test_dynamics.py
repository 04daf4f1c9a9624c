from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report.html.charts.dynamics import (
    energy_chart,
    momentum_chart,
    temperature_chart,
)
from openmm_mlff.storage.runs import EnergySeries, MomentumSeries

SLOPE, HALF_WIDTH = 0.2, 0.05


def named(chart):
    return {trace["name"]: trace for trace in chart.traces}


@pytest.fixture
def drift(make_result):
    evidence = {
        "slope_mev_per_atom_per_ps": SLOPE,
        "interval_mev_per_atom_per_ps": HALF_WIDTH,
    }
    return make_result(value=SLOPE, threshold=0.1, unit="meV/atom/ps", evidence=evidence)


@pytest.fixture
def drifting(make_observations, make_run):
    """The total energy of water rises by just so much."""
    observations = make_observations()
    run = make_run(observations.system)
    time_ps = run.energies.time_ps
    total_ev = -5.0 + 1e-3 * SLOPE * 3 * (time_ps - time_ps[0])
    energies = EnergySeries(time_ps, total_ev - 0.1, 0.1 + 0 * time_ps, total_ev, 300 + 0 * time_ps)
    return replace(observations, runs=(replace(run, energies=energies),))


def test_energies_are_per_atom_from_the_start_and_the_drift_lies_on_them(drifting, drift):
    traces = named(energy_chart(drifting, result=drift))
    curve = traces["total energy"]
    x, y = np.array(curve["x"]), np.array(curve["y"])
    np.testing.assert_allclose(y, SLOPE * (x - x[0]), atol=1e-5)
    fit = traces["drift 0.2 meV/atom/ps"]
    np.testing.assert_allclose(fit["y"], SLOPE * (np.array(fit["x"]) - x[0]), atol=1e-5)


def test_interval_and_limit_fan_out_from_the_mean(drifting, drift):
    traces = energy_chart(drifting, result=drift).traces
    low, high = (trace for trace in traces if trace["line"]["width"] == 0)
    spread = np.array(high["y"]) - np.array(low["y"])
    lever = np.array(low["x"]) - low["x"][1]
    np.testing.assert_allclose(spread, 2 * HALF_WIDTH * np.abs(lever), atol=1e-5)
    assert high["fill"] == "tonexty"
    allowed = [trace for trace in traces if trace["name"] == "largest allowed"]
    slopes = [(one["y"][-1] - one["y"][0]) / (one["x"][-1] - one["x"][0]) for one in allowed]
    assert slopes == pytest.approx([0.1, -0.1], rel=1e-4)


def test_without_a_drift_there_is_only_the_curve(drifting):
    assert len(energy_chart(drifting, result=None).traces) == 1


def test_temperature_has_its_mean_and_its_target(drifting):
    traces = named(temperature_chart(drifting, result=None))
    assert set(traces) == {"instantaneous", "mean 300 K", "target 300 K"}
    assert traces["target 300 K"]["y"] == [300.0, 300.0]


def test_momentum_has_its_limit_and_a_logarithmic_axis(make_observations, make_run, make_result):
    observations = make_observations()
    run = make_run(observations.system)
    time_ps = run.momenta.time_ps
    angular = np.outer(time_ps, [1.0, 0.0, 0.0])
    momenta = MomentumSeries(time_ps, 0 * angular, angular, 0 * time_ps)
    observations = replace(observations, runs=(replace(run, momenta=momenta),))
    chart = momentum_chart(observations, result=make_result(threshold=1e-3))
    y = np.array(chart.traces[0]["y"])
    assert y[1:] == pytest.approx(
        y[-1] * (time_ps[1:] - time_ps[0]) / (time_ps[-1] - time_ps[0]), rel=1e-4
    )
    assert chart.layout["shapes"][0]["y0"] == 1e-3
    assert chart.layout["yaxis"]["type"] == "log"


def test_nothing_is_drawn_of_nothing(make_observations):
    empty = make_observations(runs=())
    for draw in (energy_chart, temperature_chart, momentum_chart):
        assert draw(empty, result=None) is None
