from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report.dynamics_figures import energy_figure, temperature_figure
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import EnergySeries, RunFailure


@pytest.fixture
def drift(make_checks):
    return next(result for result in make_checks() if result.id == "energy_drift")


def line(axes, label):
    return next(one for one in axes.lines if one.get_label() == label)


def with_column(observations, **columns):
    (run,) = observations.runs
    return replace(observations, runs=(replace(run, energies=replace(run.energies, **columns)),))


def test_the_line_has_the_slope_of_the_check_and_not_that_of_the_data(
    make_observations, drift, figures, tmp_path, png_inches
):
    # The data rise by 100 meV/atom/ps; the check says -0.0123.
    time_ps = 0.005 * np.arange(1, 201)
    observations = with_column(make_observations(), total_ev=-100.0 + 0.3 * time_ps)
    record = energy_figure(observations, path=tmp_path / "e.png", drift=drift, model="tiny")
    assert png_inches(record.path) == pytest.approx((3.4, 2.5), abs=0.01)
    (axes,) = figures[0].axes
    time, energy = line(axes, "fitted drift").get_data()
    assert np.diff(energy) / np.diff(time) == pytest.approx([-0.0123, -0.0123])
    _, drawn = line(axes, "total energy").get_data()
    assert drawn[0] == 0.0
    assert drawn[-1] == pytest.approx(0.3 * (time_ps[-1] - time_ps[0]) * 1000.0 / 3)
    # Through the mean of time and energy.
    assert np.interp(time_ps.mean(), time, energy) == pytest.approx(drawn.mean())


def test_the_band_has_the_width_of_the_interval(make_observations, drift, figures, tmp_path):
    energy_figure(make_observations(), path=tmp_path / "e.png", drift=drift)
    (band,) = figures[0].axes[0].collections
    corners = band.get_paths()[0].vertices
    at_end = corners[np.isclose(corners[:, 0], 1.0), 1]
    half_length_ps = (1.0 - 0.005) / 2
    assert np.ptp(at_end) == pytest.approx(2 * 0.0045 * half_length_ps)


def test_the_caption_holds_the_numbers_of_the_check(make_observations, drift, tmp_path):
    record = energy_figure(make_observations(), path=tmp_path / "e.png", drift=drift)
    assert "fitted drift of -0.0123 ± 0.0045 (95 % interval) meV/atom/ps" in record.caption
    assert "largest allowed drift of 0.1 meV/atom/ps (✔ PASS)" in record.caption
    assert (record.title, record.system) == ("Total energy", "water")


def test_without_a_fit_there_is_no_line(make_observations, make_result, figures, tmp_path):
    undecided = make_result(status=Status.INCONCLUSIVE, message="too short")
    for result in (None, undecided):
        record = energy_figure(make_observations(), path=tmp_path / "e.png", drift=result)
        assert "No drift was fitted." in record.caption
        assert len(figures[-1].axes[0].lines) == 1


def test_gaps_and_infinities_are_passed_over(make_observations, drift, figures, tmp_path):
    total_ev = np.full(200, -100.0)
    total_ev[[0, 7, 199]] = [np.nan, np.inf, -np.inf]
    record = energy_figure(
        with_column(make_observations(), total_ev=total_ev), path=tmp_path / "e.png", drift=drift
    )
    _, drawn = line(figures[0].axes[0], "total energy").get_data()
    assert record is not None
    assert np.isnan(drawn[[0, 7, 199]]).all()
    assert np.nanmax(np.abs(drawn)) == 0.0


def test_nothing_to_draw_gives_no_figure(make_observations, drift, tmp_path):
    nothing = np.full(200, np.nan)
    empty = EnergySeries(*(np.empty(0) for _ in range(5)))
    observations = make_observations()
    blank = with_column(observations, total_ev=nothing, temperature_kelvin=nothing)
    unrun = replace(observations, runs=(replace(observations.runs[0], energies=empty),))
    for case in (blank, unrun, replace(observations, runs=())):
        assert energy_figure(case, path=tmp_path / "e.png", drift=drift) is None
        assert temperature_figure(case, path=tmp_path / "t.png") is None
    assert not list(tmp_path.iterdir())


def test_an_explosion_does_not_flatten_what_came_before(
    make_observations, drift, figures, tmp_path
):
    total_ev = -100.0 + 1e-4 * np.sin(np.arange(200))
    total_ev[190:] += np.exp(np.arange(10.0) * 3)
    observations = with_column(make_observations(), total_ev=total_ev)
    failed = replace(observations.runs[0], failure=RunFailure("unstable", "O–H torn", 1.0))
    record = energy_figure(
        replace(observations, runs=(failed,)), path=tmp_path / "e.png", drift=drift
    )
    axes = figures[0].axes[0]
    assert np.ptp(axes.get_ylim()) < 2.0
    assert "The axis is cut: values reach 1.77e14 meV/atom." in record.caption
    assert "failed at 1 ps: O–H torn." in record.caption
    assert [text.get_text() for text in axes.texts] == ["unstable at 1 ps"]


def test_replicas_are_drawn_each(make_observations, make_run, drift, figures, tmp_path):
    observations = make_observations()
    runs = tuple(make_run(observations.system, seed=k, name=f"r{k}", replica=k) for k in range(3))
    record = energy_figure(replace(observations, runs=runs), path=tmp_path / "e.png", drift=drift)
    labels = {one.get_label() for one in figures[0].axes[0].lines}
    assert {"replica 0", "replica 1", "replica 2"} <= labels
    assert "3 replicas" in record.caption


def test_the_temperature_is_shown_with_mean_and_target(
    make_observations, figures, tmp_path, png_inches
):
    kelvin = np.where(np.arange(200) % 2, 250.0, 310.0)
    record = temperature_figure(
        with_column(make_observations(), temperature_kelvin=kelvin), path=tmp_path / "t.png"
    )
    assert png_inches(record.path)[0] == pytest.approx(3.4, abs=0.01)
    assert "mean 280 K, standard deviation 30 K, target 300 K" in record.caption
    axes = figures[0].axes[0]
    assert set(line(axes, "mean 280 K").get_ydata()) == {280.0}
    assert set(line(axes, "target 300 K").get_ydata()) == {300.0}


def test_a_long_run_has_a_running_mean(make_observations, figures, tmp_path):
    time_ps = 0.01 * np.arange(1, 1001)
    energies = EnergySeries(time_ps, *(np.zeros(1000),) * 3, 300.0 + 10.0 * np.sin(400 * time_ps))
    observations = make_observations()
    run = replace(observations.runs[0], energies=energies)
    temperature_figure(replace(observations, runs=(run,)), path=tmp_path / "t.png")
    mean_ps, mean_kelvin = line(figures[0].axes[0], "0.5 ps mean").get_data()
    assert len(mean_ps) == 1000 - 50 + 1
    assert mean_kelvin == pytest.approx(np.full(951, 300.0), abs=1.0)


def test_a_single_row_is_drawn(make_observations, figures, tmp_path):
    energies = EnergySeries(*(np.array([value]) for value in (0.0, -1.0, 0.1, -0.9, 300.0)))
    observations = make_observations()
    one = replace(observations, runs=(replace(observations.runs[0], energies=energies),))
    assert "mean 300 K" in temperature_figure(one, path=tmp_path / "t.png").caption
    assert energy_figure(one, path=tmp_path / "e.png", drift=None) is not None
    assert figures[0].axes[0].get_xlim()[1] > 0.0
