"""Ends of the axes of a plot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openmm_mlff.plots import Axis, Bars, finite_or_nan


@dataclass(frozen=True)
class Range:
    """Ends of an axis.

    Attributes:
        clipped: whether values are outside.
        farthest: the value farthest from zero.
    """

    low: float
    high: float
    clipped: bool
    farthest: float

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, for :class:`Axis`."""
        return self.low, self.high

    def sentence(self, unit: str) -> str:
        """Return a sentence on values outside, with a leading space; empty if there are none."""
        return f" The axis is cut: values reach {self.farthest:.3g} {unit}." if self.clipped else ""


def robust_range(values: npt.ArrayLike, *, least_span: float) -> Range:
    """Return an axis range with a margin of 5 % that is robust to an explosion at the end of a run.

    The axis extends at most eight times the interquartile range beyond the quartiles, which covers
    the tails of a stable run. At least one value has to be finite. The axis is not shorter than
    ``least_span``.
    """
    finite = np.ravel(np.asarray(values, dtype=np.float64))
    finite = finite[np.isfinite(finite)]
    quartiles = np.percentile(finite, [25.0, 75.0])
    reach = 8.0 * max(quartiles[1] - quartiles[0], least_span)
    low = max(float(finite.min()), float(quartiles[0] - reach))
    high = min(float(finite.max()), float(quartiles[1] + reach))
    clipped = bool(finite.min() < low or finite.max() > high)
    margin = max(0.05 * (high - low), 0.5 * (least_span - (high - low)))
    return Range(low - margin, high + margin, clipped, float(finite[np.argmax(np.abs(finite))]))


def bar_axis(label: str, series: Sequence[Bars], *, levels: Sequence[float] = ()) -> Axis:
    """Return the axis of bars, logarithmic where they and the levels differ by 30 times."""
    bars = finite_or_nan([*(value for one in series for value in one.heights), *levels])
    ends = finite_or_nan([value for one in series for value in one.high])
    positive = bars[bars > 0.0]
    if not len(positive):
        return Axis(label, (0.0, 1.0))
    top = float(np.nanmax([*bars, *ends]))
    if positive.max() / positive.min() > 30.0:
        return Axis(label, (float(positive.min()) / 3.0, 2.0 * top), log=True)
    return Axis(label, (0.0, 1.06 * top))
