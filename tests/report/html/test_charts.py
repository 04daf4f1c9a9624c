import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.plots import Axis, Level, Line, Panel, Plot
from openmm_mlff.report.html.charts import render_chart
from openmm_mlff.report.html.embedding import MOST_POINTS, numbers, plain, thinned


@given(st.integers(min_value=0, max_value=5000), st.integers(min_value=10, max_value=300))
def test_a_thinned_curve_keeps_ends_and_extremes(length, most):
    x = np.arange(length, dtype=float)
    y = np.random.default_rng(length).normal(size=length)
    kept_x, kept_y = thinned(x, y, most=most)
    assert len(kept_x) == len(kept_y) <= max(most, 2)
    assert (np.diff(kept_x) > 0).all()
    if length:
        assert (kept_x[0], kept_x[-1]) == (x[0], x[-1])
        assert (kept_y.min(), kept_y.max()) == (y.min(), y.max())
        np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])


def test_every_part_of_a_thinned_curve_keeps_its_extremes_and_a_gap_stays_a_gap():
    y = np.tile([0.0, 5.0, -3.0, 1.0], 500)
    kept_x, kept_y = thinned(np.arange(len(y)), y, most=202)
    for start in range(0, 2000 - 20, 20):
        inside = kept_y[(kept_x >= start) & (kept_x < start + 20)]
        assert (inside.max(), inside.min()) == (5.0, -3.0)
    y = np.arange(5000.0)
    y[2000:2100] = np.nan
    kept_x, kept_y = thinned(np.arange(5000), y)
    (gap,) = np.flatnonzero(np.isnan(kept_y))
    assert kept_x[gap - 1] < 2000 <= kept_x[gap] < 2100 <= kept_x[gap + 1]
    assert numbers([1.23456789, np.nan, np.inf, 0.0]) == [1.23457, None, None, 0.0]


def test_names_are_escaped_and_long_curves_are_thinned():
    evil = "<b>&"
    x = np.arange(5000.0)
    panel = Panel(Axis(evil), Axis(evil), [Line(x, x, evil), Level(1.0, evil)], evil, evil)
    chart = render_chart(Plot(evil, [panel]))
    assert plain(evil) == "&lt;b&gt;&amp;"
    (trace,) = chart["traces"]
    layout = chart["layout"]
    assert trace["name"] == layout["xaxis"]["title"]["text"] == plain(evil)
    assert len(trace["x"]) <= MOST_POINTS
    assert {one["text"] for one in layout["annotations"]} == {plain(evil)}
    assert [one["name"] for one in layout["shapes"]] == [plain(evil)]
