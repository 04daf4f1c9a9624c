import numpy as np
import pytest

from openmm_mlff.plots import (
    Axis,
    Band,
    Bars,
    Event,
    Level,
    Line,
    Panel,
    Plot,
    Points,
    element_colours,
    finite_or_nan,
    hex_colour,
)
from openmm_mlff.report.plot_parts import bar_axis, robust_range

X = np.linspace(-20.0, 20.0, 9)


@pytest.mark.parametrize("y", [X[:-1], np.outer(X, X), 1.0])
@pytest.mark.parametrize("mark", [Line, Points])
def test_a_series_must_have_as_many_x_as_y(mark, y):
    with pytest.raises(ValueError, match="bend"):
        mark(X, y, "bend")


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], False),
        ([Level(1.0), Band(0.0, 1.0), Event(0.5)], False),
        ([Line(X, np.full(9, np.nan))], False),
        ([Bars("a", [None, np.inf])], False),
        ([Bars("a", [None, 0.0])], True),
        ([Points([1.0], [2.0])], True),
    ],
)
def test_only_curves_points_and_bars_are_data(marks, expected):
    assert Plot("", [Panel(Axis(), Axis(), marks)]).has_data() is expected


def test_marks_without_a_colour_take_the_next_of_the_palette():
    marks = [Line(X, X), Level(1.0), Line(X, X, colour="ink"), Bars("a", [1.0]), Event(1.0)]
    assert Panel(Axis(), Axis(), marks).colours() == [0, "bad", "ink", 1, "muted"]


def test_every_element_has_a_colour_and_the_common_ones_always_the_same():
    colours = element_colours(["H", "Xe", "O", "Kr", "H"])
    assert set(colours) == {"H", "O", "Kr", "Xe"}
    assert colours["O"] == element_colours(["O"])["O"]
    assert len({hex_colour(colour) for colour in colours.values()}) == 4


def test_what_is_infinite_or_none_is_a_gap():
    given = np.array([1.0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(finite_or_nan(given), [1.0, np.nan, np.nan, np.nan])
    assert np.isinf(given[1])
    np.testing.assert_array_equal(finite_or_nan([None, 2.0]), [np.nan, 2.0])


def test_a_range_holds_a_healthy_series_and_does_not_follow_an_explosion():
    values = np.random.default_rng(1).normal(size=5000)
    found = robust_range(values, least_span=0.01)
    assert found.low < values.min() < values.max() < found.high
    assert found.sentence("eV") == ""
    found = robust_range(np.append(values[:100], [1e3, -4e6, np.nan]), least_span=0.01)
    assert (found.farthest, found.high - found.low < 40.0) == (-4e6, True)
    assert "-4e+06 eV" in found.sentence("eV")
    assert robust_range(np.zeros(5), least_span=0.5).ends == (-0.25, 0.25)


def test_bars_far_apart_have_a_logarithmic_axis():
    axis = bar_axis("x", [Bars("a", [0.01, 1.0])], levels=[10.0])
    assert axis.log
    assert axis.range[0] < 0.01 < 10.0 < axis.range[1]
    axis = bar_axis("x", [Bars("a", [2.0], low=[1.5], high=[3.5])])
    assert not axis.log
    assert axis.range[1] > 3.5


@pytest.mark.parametrize("values", [[None, None], [0.0, 0.0], [np.inf, np.nan]])
def test_bars_without_height_have_an_axis(values):
    assert bar_axis("x", [Bars("a", values)]).range == (0.0, 1.0)


def test_error_bars_reach_from_low_to_high():
    bars = Bars("a", [2.0, None], low=[1.5, None], high=[3.5, None])
    np.testing.assert_array_equal(bars.error_lengths(), [[0.5, np.nan], [1.5, np.nan]])
