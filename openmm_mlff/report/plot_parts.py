"""Parts of plots: ends of axes; and of simulations a curve per replica, failures, sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openmm_mlff.plots import Axis, Bars, Event, Line, finite_or_nan
from openmm_mlff.report.wording import condition_label
from openmm_mlff.storage.runs import Run

Series = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Times and values of one run, (T,) each."""


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


def cut_sentence(ranges: Sequence[Range], unit: str) -> str:
    """Return a sentence on the value farthest outside one of several axes."""
    return max(ranges, key=lambda one: one.clipped * abs(one.farthest)).sentence(unit)


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


def run_lines(runs: Sequence[Run], curves: Mapping[str, Series], *, name: str) -> list[Line]:
    """Return one curve per replica."""
    return [
        Line(
            *curves[run.name],
            name if len(runs) == 1 else f"replica {run.replica}",
            k,
            run=run.name,
        )
        for k, run in enumerate(runs)
    ]


def time_axis(runs: Sequence[Run], curves: Iterable[Series]) -> Axis:
    """Return the time axis from zero to the last value, with room for the texts of failures."""
    last_ps = max(float(np.nanmax(time_ps)) for time_ps, _ in curves)
    failed = any(run.failure is not None for run in runs)
    return Axis("Time (ps)", (0.0, (last_ps or 1.0) * (1.1 if failed else 1.01)))


def failures(runs: Sequence[Run]) -> list[Event]:
    """Return the time at which each failed run ended, where it is known."""
    ended = [run.failure for run in runs if run.failure is not None and run.failure.time_ps >= 0.0]
    return [Event(one.time_ps, f"{one.kind} at {one.time_ps:.3g} ps") for one in ended]


def run_sentence(runs: Sequence[Run]) -> str:
    """Return condition, number and length of the runs, in brackets."""
    label = condition_label(runs[0].condition.as_dict())
    count = "" if len(runs) == 1 else f", {len(runs)} replicas"
    longest_ps = max(run.completed_ps for run in runs)
    return f" ({label}{count}, {longest_ps:.4g} ps)"


def ending_sentence(runs: Sequence[Run]) -> str:
    """Return when and why each run that ended early did so."""
    sentences = []
    for run in runs:
        if run.failure is not None:
            reason = run.failure.message.rstrip(".")
            sentences.append(f" {run.name} failed at {run.failure.time_ps:.4g} ps: {reason}.")
        elif not run.survived:
            sentences.append(
                f" {run.name} ended at {run.completed_ps:.4g} of {run.requested_ps:.4g} ps."
            )
    return "".join(sentences)
