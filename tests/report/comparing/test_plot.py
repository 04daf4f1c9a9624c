import itertools

import pytest

from openmm_mlff.report.comparing.pareto import Pareto, pareto
from openmm_mlff.report.comparing.plot import HEIGHT, WIDTH, pareto_plot
from openmm_mlff.results import VerdictStatus


@pytest.fixture
def plot(make_model):
    return pareto_plot(
        pareto(
            [
                make_model("close", {"water": (0.01, 4.0)}),
                make_model("fast", {"water": (0.05, 1.0)}, status=VerdictStatus.REJECTED),
                make_model("faster", {"water": (0.051, 1.01)}, status=VerdictStatus.INCONCLUSIVE),
            ]
        )
    )


def test_faster_is_further_left_and_closer_is_lower(plot):
    marks = {mark.point.label: mark for mark in plot.marks}
    assert marks["fast"].x < marks["close"].x
    assert marks["fast"].y < marks["close"].y
    for mark in plot.marks:
        assert 0 < mark.x < WIDTH
        assert 0 < mark.y < HEIGHT


def test_verdicts_have_shapes_of_their_own(plot):
    shapes = {mark.point.label: mark.shape for mark in plot.marks}
    assert shapes == {"close": "circle", "fast": "cross", "faster": "diamond"}


def test_labels_do_not_lie_on_one_another(plot):
    for one, other in itertools.combinations(plot.marks, 2):
        assert abs(one.x - other.x) > 100 or abs(one.label_y - other.label_y) >= 15


def test_the_front_is_stairs_between_its_models(plot):
    corners = [tuple(map(float, corner.split(","))) for corner in plot.front.split()]
    on_front = [mark for mark in plot.marks if mark.point.on_front]
    assert len(corners) == 2 * len(on_front) - 1
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        assert x0 == x1 or y0 == y1


def test_ticks_are_round_numbers_inside_the_frame(plot):
    assert {tick.label for tick in plot.x_ticks} <= {"0.5", "1", "2", "5", "10"}
    assert len(plot.x_ticks) >= 2
    assert all(plot.left <= tick.at <= plot.right for tick in plot.x_ticks)
    assert all(plot.top <= tick.at <= plot.bottom for tick in plot.y_ticks)


def test_without_points_there_is_no_plot():
    assert pareto_plot(Pareto()) is None
