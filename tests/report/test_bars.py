import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from openmm_mlff.report.bars import BarSeries, draw_bars, legend_of_figure


@pytest.fixture
def axes():
    return Figure().subplots()


def heights(axes):
    return [
        [bar.get_height() for bar in container.patches]
        for container in axes.containers
        if hasattr(container, "patches")
    ]


def test_bars_stand_side_by_side_in_their_groups(axes):
    draw_bars(axes, [BarSeries("a", [1.0, 2.0]), BarSeries("b", [3.0, 4.0])], groups=["x", "y"])
    assert heights(axes) == [[1.0, 2.0], [3.0, 4.0]]
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(edges))
    assert [text.get_text() for text in axes.get_xticklabels()] == ["x", "y"]


def test_whiskers_reach_from_low_to_high(axes):
    draw_bars(axes, [BarSeries("a", [2.0], low=[1.5], high=[3.5])], groups=["x"])
    (whisker,) = [one for one in axes.collections]
    assert whisker.get_segments()[0][:, 1].tolist() == [1.5, 3.5]
    assert axes.get_ylim()[1] > 3.5


def test_a_missing_bar_says_why(axes):
    series = [
        BarSeries("a", [None, float("nan"), 1.0], notes=["skipped", "error", ""]),
        BarSeries("b", [1.0, 1.0, None], low=[None] * 3, high=[None] * 3),
    ]
    draw_bars(axes, series, groups=["x", "y", "z"])
    assert [text.get_text() for text in axes.texts] == ["skipped", "error", "n/a"]


def test_failed_bars_are_hatched(axes):
    draw_bars(axes, [BarSeries("a", [1.0, 2.0], failed=frozenset({1}))], groups=["x", "y"])
    assert [bar.get_hatch() for bar in axes.patches] == [None, "////"]


def test_orders_of_magnitude_are_shown_on_a_logarithmic_axis(axes):
    draw_bars(axes, [BarSeries("a", [0.01, 1.0])], groups=["x", "y"], thresholds=[10.0])
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] < 0.01
    assert axes.get_ylim()[1] > 10.0
    assert 10.0 in [one.get_ydata()[0] for one in axes.lines]


@pytest.mark.parametrize("values", [[None, None], [0.0, 0.0], [np.inf, np.nan]])
def test_nothing_to_show_is_no_error(axes, values):
    draw_bars(axes, [BarSeries("a", values)], groups=["x", "y"])
    assert axes.get_ylim() == (0.0, 1.0)


def test_the_legend_names_every_series():
    figure = Figure(layout="constrained")
    legend_of_figure(figure, ["one", "two"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]
