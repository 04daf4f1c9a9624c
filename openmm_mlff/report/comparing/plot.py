"""The Pareto plot as SVG that takes the colours of the page it stands in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from openmm_mlff.report.comparing.pareto import Pareto, ParetoPoint
from openmm_mlff.report.wording import number
from openmm_mlff.results import VerdictStatus

WIDTH, HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 20, 58
_MARGIN = 1.6
"""The axes reach this factor beyond the outermost points."""

SHAPES = {
    VerdictStatus.APPROVED: "circle",
    VerdictStatus.INCONCLUSIVE: "diamond",
    VerdictStatus.REJECTED: "cross",
}


@dataclass(frozen=True)
class Tick:
    """A tick of an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Mark:
    """A point of the plot, in pixels.

    Attributes:
        x: from the left.
        y: from the top.
        point: what it shows.
        shape: circle, diamond or cross, by verdict: colour alone tells nothing.
        text: what a reader who points at it is told.
        anchor: where its label stands, ``start`` or ``end``.
        label_x: of the label.
        label_y: of the label.
    """

    x: float
    y: float
    point: ParetoPoint
    shape: str
    text: str
    anchor: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Plot:
    """All that the template draws.

    Attributes:
        marks: the models.
        front: pixels of the front's stairs, as SVG takes them.
        x_ticks: of the time per step.
        y_ticks: of the force error.
    """

    marks: tuple[Mark, ...]
    front: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def pareto_plot(weighed: Pareto) -> Plot | None:
    """Lay the plot out: both axes logarithmic, better to the lower left.

    Args:
        weighed: accuracy and speed.

    Returns:
        The plot; None where there is no point.
    """
    if not weighed.points:
        return None
    x_axis = _Axis([point.time for point in weighed.points], start=_LEFT, end=WIDTH - _RIGHT)
    y_axis = _Axis([point.error for point in weighed.points], start=HEIGHT - _BOTTOM, end=_TOP)
    marks: list[Mark] = []
    for point in weighed.points:
        marks.append(_mark(point, weighed, x_axis=x_axis, y_axis=y_axis, before=marks))
    return Plot(
        tuple(marks),
        _stairs([mark for mark in marks if mark.point.on_front]),
        x_axis.ticks(),
        y_axis.ticks(),
    )


class _Axis:
    """A logarithmic axis from values to pixels."""

    def __init__(self, values: Sequence[float], *, start: float, end: float) -> None:
        self._low = math.log10(min(values) / _MARGIN)
        self._high = math.log10(max(values) * _MARGIN)
        self._start, self._end = start, end

    def pixel(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> tuple[Tick, ...]:
        """Choose ticks at 1, 2 and 5, or at powers of ten where there are many decades."""
        steps = (1.0, 2.0, 5.0) if self._high - self._low < 2.5 else (1.0,)
        decades = range(math.floor(self._low), math.ceil(self._high) + 1)
        values = [step * 10.0**decade for decade in decades for step in steps]
        inside = [value for value in values if self._low <= math.log10(value) <= self._high]
        return tuple(Tick(self.pixel(value), number(value)) for value in inside)


def _mark(
    point: ParetoPoint, weighed: Pareto, *, x_axis: _Axis, y_axis: _Axis, before: Sequence[Mark]
) -> Mark:
    x, y = x_axis.pixel(point.time), y_axis.pixel(point.error)
    to_left = x > 0.7 * WIDTH
    label_y = y - 8
    # A label never stands on another's: models of one kind lie close together.
    while any(abs(label_y - mark.label_y) < 15 and abs(x - mark.x) < 150 for mark in before):
        label_y += 16
    front = "on the front" if point.on_front else "beaten by another in both"
    text = (
        f"{point.label}: {point.status.value}, force RMSE {number(point.error)} "
        f"{weighed.error_unit}, {number(point.time)} {weighed.time_unit}, {front}"
    )
    return Mark(
        x,
        y,
        point,
        SHAPES[point.status],
        text,
        "end" if to_left else "start",
        x - 10 if to_left else x + 10,
        label_y,
    )


def _stairs(front: Sequence[Mark]) -> str:
    """Draw the front as stairs: between two models nothing is known to lie on it."""
    corners: list[tuple[float, float]] = []
    for mark in front:
        if corners:
            corners.append((mark.x, corners[-1][1]))
        corners.append((mark.x, mark.y))
    return " ".join(f"{x:g},{y:g}" for x, y in corners)
