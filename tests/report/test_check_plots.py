from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.base import Plot
from openmm_mlff.report.check_plots import CheckPlot
from openmm_mlff.report.figures import write_figures
from openmm_mlff.report.html.charts import draw_charts

X = np.linspace(-20.0, 20.0, 9)


@pytest.fixture
def plot():
    series = {"H2–O1–H3": (X, 1e-3 * X**2), "costs $5": (X, np.full(9, np.nan))}
    return Plot("Energy of bending", "bend (°)", "energy ($\\frac)", series, 0.02)


@pytest.fixture
def check_plot(plot):
    return CheckPlot("angle_stiffness", "water", None, 1, plot)


@pytest.fixture
def report(make_report, make_result):
    return make_report(checks=[make_result("angle_stiffness", group="surface", value=0.4)])


@pytest.fixture
def bare(make_observations):
    return {"water": make_observations(runs=(), condition=None, measurements={})}


def test_a_plot_is_drawn_with_its_series_its_limit_and_its_labels(
    check_plot, report, bare, figures, tmp_path, png_inches
):
    (record,) = write_figures(bare, report, tmp_path, plots=[check_plot])
    assert record.path.name == "water_plot_angle_stiffness_1.png"
    assert png_inches(record.path) == pytest.approx((3.4, 2.8), abs=0.01)
    assert record.svg_path.is_file()
    (axes,) = figures[0].axes
    bend, _, limit = axes.lines
    np.testing.assert_array_equal(bend.get_xdata(), X)
    np.testing.assert_array_equal(bend.get_ydata(), 1e-3 * X**2)
    assert set(limit.get_ydata()) == {0.02}
    assert axes.get_xlabel() == "bend (°)"
    assert axes.get_ylabel() == "energy ($\\frac)"
    assert record.title == "Energy of bending"
    assert "0.02" in record.caption


def test_a_chart_has_the_same_data_and_the_files_of_the_figure(check_plot, report, bare, tmp_path):
    figures = write_figures(bare, report, tmp_path, plots=[check_plot])
    (chart,) = draw_charts(bare, report, figures=figures, plots=[check_plot], folder=tmp_path)
    assert (chart.check_id, chart.system) == ("angle_stiffness", "water")
    bend, gap = chart.traces
    assert bend["x"] == X.tolist()
    assert bend["y"] == pytest.approx(1e-3 * X**2)
    assert set(gap["y"]) == {None}
    assert chart.layout["shapes"][0]["y0"] == 0.02
    assert chart.caption == figures[0].caption
    assert [kind for kind, _ in chart.files] == ["PNG", "SVG"]


def test_each_condition_has_a_figure_of_its_own(check_plot, report, bare, condition, tmp_path):
    hot = replace(condition, temperature_kelvin=500.0)
    plots = [
        replace(check_plot, condition=one, position=k) for one in (condition, hot) for k in (1, 2)
    ]
    records = write_figures(bare, report, tmp_path, plots=plots)
    assert [record.path.stem.removeprefix("water_plot_angle_stiffness_") for record in records] == [
        "1_nve_300K_0.5fs",
        "2_nve_300K_0.5fs",
        "1_nve_500K_0.5fs",
        "2_nve_500K_0.5fs",
    ]
    charts = draw_charts(bare, report, figures=records, plots=plots, folder=tmp_path)
    assert [chart.condition for chart in charts] == ["NVE, 300 K, 0.5 fs"] * 2 + [
        "NVE, 500 K, 0.5 fs"
    ] * 2
    assert all(chart.files for chart in charts)


@pytest.mark.parametrize("series", [{}, {"lost": (X, np.full(9, np.nan))}])
def test_a_plot_without_data_is_not_drawn(check_plot, report, bare, tmp_path, series):
    empty = replace(check_plot, plot=Plot("Nothing", "x", "y", series))
    assert write_figures(bare, report, tmp_path, plots=[empty]) == []
    assert draw_charts(bare, report, plots=[empty]) == []


@pytest.mark.parametrize("y", [X[:-1], np.outer(X, X), 1.0])
def test_a_series_must_have_as_many_x_as_y(y):
    with pytest.raises(ValueError, match="bend"):
        Plot("Energy", "x", "y", {"bend": (X, y)})
