from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.molecules import load_system
from openmm_mlff.report.html.charts.model import (
    Chart,
    dots,
    failure_marks,
    line,
    numbers,
    plain,
    thinned,
)
from openmm_mlff.storage.runs import RunFailure


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


def test_every_stretch_keeps_its_lowest_and_highest_point():
    y = np.tile([0.0, 5.0, -3.0, 1.0], 500)
    kept_x, kept_y = thinned(np.arange(len(y)), y, most=202)
    for start in range(0, 2000 - 20, 20):
        inside = kept_y[(kept_x >= start) & (kept_x < start + 20)]
        assert (inside.max(), inside.min()) == (5.0, -3.0)


def test_what_is_not_finite_is_a_gap():
    assert numbers([1.23456789, np.nan, np.inf, 0.0]) == [1.23457, None, None, 0.0]


def test_foreign_names_are_shown_as_they_are():
    assert plain("<b>&") == "&lt;b&gt;&amp;"
    assert line([0], [0], name="<i>", colour="@c0")["name"] == "&lt;i&gt;"
    assert dots([0], [0], name="<i>", colour="@c0")["name"] == "&lt;i&gt;"


def test_a_failure_is_a_line_and_words_at_its_time(make_run):
    run = make_run(load_system("water"), failure=RunFailure("unstable", "gone", 0.4))
    marks = failure_marks([run])
    assert [(shape["x0"], shape["x1"]) for shape in marks["shapes"]] == [(0.4, 0.4)]
    assert marks["annotations"][0]["text"] == "unstable at 0.4 ps"
    before = replace(run, failure=RunFailure("unstable", "gone", -0.5))
    assert failure_marks([before]) == {"shapes": [], "annotations": []}


@pytest.mark.parametrize(("own", "shown"), [("", "given"), ("own", "own")])
def test_a_chart_is_placed_with_a_caption(own, shown):
    placed = Chart("energy", "Energy", (), {}, caption=own).placed(
        check_id="energy_drift", system="water", caption="given", condition="NVE"
    )
    assert (placed.check_id, placed.system, placed.condition) == ("energy_drift", "water", "NVE")
    assert placed.caption == shown
