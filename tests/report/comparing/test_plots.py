import itertools

import pytest

from openmm_mlff.plots import Bars, Level
from openmm_mlff.report.comparing.pareto import Pareto, pareto
from openmm_mlff.report.comparing.plots import comparison_plot, pareto_plot
from openmm_mlff.results import Status, VerdictStatus

from ..conftest import CONDITION, HOT, of_kind


def test_each_panel_shows_a_number_of_every_model_and_its_threshold(old_and_new):
    forces, drift, speed = comparison_plot(old_and_new).panels
    assert [panel.y.label for panel in (forces, drift, speed)] == [
        "Force RMSE (eV/Å)",
        "Energy drift (meV/atom/ps)",
        "Time per step (ms/step)",
    ]
    found = [(bars.name, list(bars.heights), bars.failed) for bars in of_kind(forces, Bars)]
    assert found == [("old", [0.0345], frozenset()), ("new", [0.5], frozenset({0}))]
    assert [level.value for level in of_kind(forces, Level)] == [0.2]
    bars = of_kind(drift, Bars)[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((0.0123 - 0.0045, 0.0123 + 0.0045))


def test_a_missing_value_is_marked_with_its_status(make_report, make_result):
    results = [make_result("speed", value=1.0), make_result("speed", status=Status.ERROR)]
    reports = [
        make_report(name=name, checks=[one]) for name, one in zip("ab", results, strict=True)
    ]
    (panel,) = comparison_plot(reports).panels
    assert [bars.note(0) for bars in panel.bars() if bars.heights[0] is None] == ["error"]
    assert comparison_plot(reports[1:]) is None
    assert pareto_plot(Pareto()) is None


def test_each_condition_is_a_group(make_report, make_result):
    checks = [make_result("speed", value=1.0, condition=c.as_dict()) for c in (CONDITION, HOT)]
    (panel,) = comparison_plot([make_report(checks=checks)]).panels
    assert panel.x.categories == ("water\nNVE, 300 K, 0.5 fs", "water\nNVE, 500 K, 0.5 fs")


def test_each_model_is_a_point_marked_by_its_verdict_and_the_front_a_staircase(make_models):
    reports = make_models(
        {"close": (0.01, 4.0), "fast": (0.05, 1.0), "faster": (0.051, 1.01)},
        fast={"status": VerdictStatus.REJECTED},
        faster={"status": VerdictStatus.INCONCLUSIVE},
    )
    (panel,) = pareto_plot(pareto(reports)).panels
    front, *points = panel.marks
    markers = [(one.name, one.marker) for one in points]
    assert markers == [
        ("fast (REJECTED)", "cross"),
        ("faster (INCONCLUSIVE)", "diamond"),
        ("close (APPROVED)", "disc"),
    ]
    places = [one.x[0] for one in points], [one.y[0] for one in points]
    assert places == (pytest.approx([1.0, 1.01, 4.0]), pytest.approx([0.05, 0.051, 0.01]))
    for axis, values in ((panel.x, [1.0, 4.0]), (panel.y, [0.01, 0.051])):
        assert axis.log
        assert axis.range[0] < min(values) < max(values) < axis.range[1]
    corners = list(zip(front.x, front.y, strict=True))
    assert corners[0] == pytest.approx((1.0, 0.05))
    assert corners[-1] == pytest.approx((4.0, 0.01))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(corners))
