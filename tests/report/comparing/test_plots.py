import itertools

import pytest

from openmm_mlff.plots import Bars, Level
from openmm_mlff.report.comparing.pareto import Pareto, pareto
from openmm_mlff.report.comparing.plots import comparison_plot, pareto_plot
from openmm_mlff.results import Status, VerdictStatus


def of_kind(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def test_each_panel_shows_a_number_of_every_model_and_its_threshold(make_report, make_checks):
    worse = [
        result.model_copy(update={"value": 0.25, "status": Status.FAIL})
        if result.id == "force_accuracy"
        else result
        for result in make_checks()
    ]
    plot = comparison_plot([make_report(name="original"), make_report(name="tiny", checks=worse)])
    forces, drift, speed = plot.panels
    assert [panel.y.label for panel in (forces, drift, speed)] == [
        "Force RMSE (eV/Å)",
        "Energy drift (meV/atom/ps)",
        "Time per step (ms/step)",
    ]
    original, tiny = of_kind(forces, Bars)
    assert (original.name, tiny.name) == ("original", "tiny")
    assert (list(original.heights), list(tiny.heights)) == ([0.0345], [0.25])
    assert (original.failed, tiny.failed) == (frozenset(), frozenset({0}))
    assert [level.value for level in of_kind(forces, Level)] == [0.2]
    bars = of_kind(drift, Bars)[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((0.0123 - 0.0045, 0.0123 + 0.0045))
    assert "(a) Force RMSE (largest allowed: 0.2 eV/Å)" in plot.caption


def test_what_was_not_measured_is_named(make_report, make_result):
    reports = [
        make_report(name="a", checks=[make_result("speed", value=1.0, unit="ms/step")]),
        make_report(name="b", checks=[make_result("speed", status=Status.ERROR, unit="ms/step")]),
    ]
    (panel,) = comparison_plot(reports).panels
    assert [bars.note(0) for bars in panel.bars() if bars.heights[0] is None] == ["error"]


def test_conditions_are_groups_of_their_own(make_report, make_result, condition):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    checks = [
        make_result("speed", value=1.0, condition=condition.as_dict()),
        make_result("speed", value=2.0, condition=hot),
    ]
    (panel,) = comparison_plot([make_report(checks=checks)]).panels
    assert panel.x.categories == ("water\nNVE, 300 K, 0.5 fs", "water\nNVE, 500 K, 0.5 fs")


def test_without_numbers_there_is_no_plot(make_report, make_result):
    checks = [make_result("speed", status=Status.SKIPPED)]
    assert comparison_plot([make_report(checks=checks)]) is None
    assert pareto_plot(Pareto()) is None


@pytest.fixture
def weighed(make_model):
    return pareto(
        [
            make_model("close", {"water": (0.01, 4.0)}),
            make_model("fast", {"water": (0.05, 1.0)}, status=VerdictStatus.REJECTED),
            make_model("faster", {"water": (0.051, 1.01)}, status=VerdictStatus.INCONCLUSIVE),
        ]
    )


def test_each_model_is_a_point_whose_shape_is_its_verdict(weighed):
    (panel,) = pareto_plot(weighed).panels
    _, *points = panel.marks
    assert {one.name: one.marker for one in points} == {
        "close (APPROVED)": "disc",
        "fast (REJECTED)": "cross",
        "faster (INCONCLUSIVE)": "diamond",
    }
    assert [(one.x[0], one.y[0]) for one in points] == [
        pytest.approx(place) for place in ((1.0, 0.05), (1.01, 0.051), (4.0, 0.01))
    ]
    for axis, values in ((panel.x, [1.0, 4.0]), (panel.y, [0.01, 0.051])):
        assert axis.log
        assert axis.range[0] < min(values) < max(values) < axis.range[1]


def test_the_front_is_stairs_between_its_models(weighed):
    front = pareto_plot(weighed).panels[0].marks[0]
    corners = list(zip(front.x, front.y, strict=True))
    assert corners[0] == pytest.approx((1.0, 0.05))
    assert corners[-1] == pytest.approx((4.0, 0.01))
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        assert x0 == x1 or y0 == y1
