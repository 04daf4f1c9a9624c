"""Grouped bar charts with error bars and thresholds, for comparisons and benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from openmm_mlff.foreign_text import printable
from openmm_mlff.report.canvas import GREY, INK, PALETTE, VERMILLION

LOGARITHMIC_FROM = 30.0
"""The axis is logarithmic if the largest bar is at least this many times the smallest."""


@dataclass(frozen=True)
class BarSeries:
    """One bar per group.

    Attributes:
        heights: one per group, not negative; None or a non-finite value where there is no bar.
        low: lower ends of the error bars, one per group; empty for no error bars.
        high: upper ends of the error bars.
        notes: text where there is no bar, one per group; empty for ``n/a``.
        failed: indices of groups whose bar is hatched because its check failed.
    """

    label: str
    heights: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    notes: Sequence[str] = ()
    failed: frozenset[int] = field(default_factory=frozenset)


def draw_bars(
    axes: Axes,
    series: Sequence[BarSeries],
    *,
    groups: Sequence[str],
    thresholds: Sequence[float] = (),
    colours: Sequence[str] = PALETTE,
) -> None:
    """Draw grouped bars, with a dashed line at each threshold."""
    width = 0.8 / max(len(series), 1)
    for k, one in enumerate(series):
        places = np.arange(len(groups)) + (k - (len(series) - 1) / 2) * width
        colour = colours[k % len(colours)]
        heights = _floats(one.heights)
        bars = axes.bar(places, heights, 0.92 * width, color=colour, label=one.label, linewidth=0)
        for group in one.failed:
            bars[group].set(hatch="////", edgecolor="white", linewidth=0)
        _draw_whiskers(axes, one, places=places, heights=heights)
        for group in np.flatnonzero(np.isnan(heights)).tolist():
            note = one.notes[group] if one.notes else "n/a"
            _write_note(axes, note, place=float(places[group]))
    axes.set_xticks(np.arange(len(groups)), groups)
    axes.set_xlim(-0.55, len(groups) - 0.45)
    axes.tick_params(axis="x", length=0)
    _choose_scale(axes, series, thresholds=thresholds)
    for threshold in thresholds:
        axes.axhline(threshold, color=VERMILLION, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)


def legend_of_figure(
    figure: Figure, labels: Sequence[str], *, colours: Sequence[str] = PALETTE
) -> None:
    """Draw one legend for all panels, above them."""
    handles = [
        Patch(color=colours[k % len(colours)], label=printable(label))
        for k, label in enumerate(labels)
    ]
    legend = figure.legend(handles=handles, loc="outside upper left", ncols=min(len(labels), 5))
    for text in legend.get_texts():
        # Escaped, because matplotlib reads a dollar sign in a model's name as the start of a
        # formula.
        text.set_parse_math(False)


def _floats(values: Sequence[float | None]) -> np.ndarray:
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def _draw_whiskers(
    axes: Axes, series: BarSeries, *, places: np.ndarray, heights: np.ndarray
) -> None:
    if not series.low or not series.high:
        return
    low, high = _floats(series.low), _floats(series.high)
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(heights)
    if not known.any():
        return
    below = np.clip(heights - low, 0.0, None)[known]
    above = np.clip(high - heights, 0.0, None)[known]
    axes.errorbar(
        places[known],
        heights[known],
        yerr=np.vstack([below, above]),
        fmt="none",
        ecolor=INK,
        elinewidth=0.8,
        capsize=1.8,
        capthick=0.8,
        zorder=4,
    )


def _write_note(axes: Axes, note: str, *, place: float) -> None:
    axes.annotate(
        note,
        xy=(place, 0.02),
        xycoords=axes.get_xaxis_transform(),
        ha="center",
        va="bottom",
        rotation=90,
        fontsize=6.0,
        color=GREY,
    )


def _choose_scale(axes: Axes, series: Sequence[BarSeries], *, thresholds: Sequence[float]) -> None:
    """Set a logarithmic axis where bars and thresholds differ by orders of magnitude."""
    heights = np.concatenate([_floats(one.heights) for one in series] + [_floats(thresholds)])
    positive = heights[heights > 0]
    if not len(positive):
        axes.set_ylim(0.0, 1.0)
        return
    top = float(np.nanmax(np.concatenate([heights, *(_floats(one.high) for one in series)])))
    if positive.max() / positive.min() > LOGARITHMIC_FROM:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(float(positive.min()) / 3.0, 2.0 * top)
    else:
        axes.set_ylim(0.0, 1.06 * top)
