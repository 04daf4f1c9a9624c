"""The Pareto plot as SVG in the colours of the surrounding page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from openmm_mlff.report.comparing.pareto import Pareto, ParetoPoint
from openmm_mlff.report.wording import number
from openmm_mlff.results import VerdictStatus

WIDTH, HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 20, 58
_MARGIN = 1.6
"""The axes extend by this factor beyond the outermost points."""

SHAPES = {
    VerdictStatus.APPROVED: "circle",
    VerdictStatus.INCONCLUSIVE: "diamond",
    VerdictStatus.REJECTED: "cross",
}


@dataclass(frozen=True)
class Tick:
    """Position and label of an axis tick."""

    at: float
    label: str


@dataclass(frozen=True)
class Mark:
    """A point of the plot, in pixels from the upper left.

    Attributes:
        shape: circle, diamond or cross by verdict, so that it does not depend on colour alone.
        text: shown as a tooltip.
        anchor: of the label, ``start`` or ``end``.
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
    """The data that the template draws.

    Attributes:
        front: the front as steps, in SVG path coordinates.
        x_ticks: time per step.
        y_ticks: force error.
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
    """Lay out the plot with logarithmic axes; None without points."""
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
    """A logarithmic axis that maps values to pixels."""

    def __init__(self, values: Sequence[float], *, start: float, end: float) -> None:
        self._low = math.log10(min(values) / _MARGIN)
        self._high = math.log10(max(values) * _MARGIN)
        self._start, self._end = start, end

    def pixel(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> tuple[Tick, ...]:
        """Return ticks at 1, 2 and 5, or at powers of ten over many decades."""
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
    # Labels must not overlap where models of one family are close together.
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
    """Return the front as steps, since nothing is known between two models."""
    corners: list[tuple[float, float]] = []
    for mark in front:
        if corners:
            corners.append((mark.x, corners[-1][1]))
        corners.append((mark.x, mark.y))
    return " ".join(f"{x:g},{y:g}" for x, y in corners)
