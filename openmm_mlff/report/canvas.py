"""Common style of all figures, without pyplot or global state."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openmm_mlff.foreign_text import printable
from openmm_mlff.report.figure_files import DPI, SVG_STYLE, save_figure
from openmm_mlff.storage.runs import Run, RunFailure

SINGLE_COLUMN_INCH = 3.4
DOUBLE_COLUMN_INCH = 7.0

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C6D1F", "#000000")
"""Okabe–Ito colours (jfly.uni-koeln.de/color), distinguishable with colour blindness.

Vermillion is reserved for failures and fits, and yellow is darkened.
"""

VERMILLION = "#D55E00"
INK = "#222222"
GREY = "#777777"

ELEMENT_COLOURS = {
    "H": "#999999",
    "C": "#222222",
    "N": "#0072B2",
    "O": "#D55E00",
    "S": "#E69F00",
    "P": "#CC79A7",
    "F": "#009E73",
    "Cl": "#56B4E9",
}

_STYLE = {
    # DejaVu is distributed with matplotlib, so a figure looks the same on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-4, 5),
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 0.9,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.5,
    "text.color": INK,
    "mathtext.fontset": "dejavusans",
    **SVG_STYLE,
}


@dataclass(frozen=True)
class FigureRecord:
    """A figure that was written.

    Attributes:
        path: the PNG; the SVG is beside it.
        caption: a description that includes the numbers.
        system: empty where the figure shows several systems.
    """

    path: Path
    title: str
    caption: str
    system: str
    width_inch: float = SINGLE_COLUMN_INCH

    @property
    def svg_path(self) -> Path:
        """The same figure as SVG."""
        return self.path.with_suffix(".svg")


@contextmanager
def drawing(
    path: Path, *, width_inch: float, height_inch: float, headline: str = ""
) -> Iterator[Figure]:
    """Yield an empty figure in the common style and write it as PNG and SVG on exit.

    The style overrides the user's matplotlibrc and is restored afterwards.

    Yields:
        The figure, with a layout without overlaps.
    """
    with matplotlib.style.context(_STYLE, after_reset=True):
        figure = Figure(figsize=(width_inch, height_inch), dpi=DPI, layout="constrained")
        yield figure
        if headline:
            # Escaped, because matplotlib reads a dollar sign in a name as the start of a formula.
            figure.suptitle(
                printable(headline), x=0.01, ha="left", fontsize=7.0, color=GREY, parse_math=False
            )
        save_figure(figure, path=path, title=headline or path.stem)


def panel_letters(axes: Iterable[Axes]) -> None:
    """Label panels a, b, c, ... at the upper left."""
    for letter, panel in zip("abcdefghijklmnopqrstuvwxyz", axes, strict=False):
        panel.set_title(letter, loc="left", fontweight="bold", fontsize=9.0, pad=3.0)


def legend_above(axes: Axes, *, columns: int = 3) -> None:
    """Draw the legend above the panel, where it does not cover data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns)


def element_colours(symbols: Iterable[str]) -> dict[str, str]:
    """Return a colour per element, which is fixed for common elements."""
    names = sorted(set(symbols))
    spare = [colour for colour in PALETTE if colour not in ELEMENT_COLOURS.values()] or PALETTE
    others = [name for name in names if name not in ELEMENT_COLOURS]
    extra = {name: spare[k % len(spare)] for k, name in enumerate(others)}
    return {name: ELEMENT_COLOURS.get(name) or extra[name] for name in names}


def finite_or_nan(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a float64 copy with NaN for infinite values, which are not drawn."""
    array = np.array(values, dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


@dataclass(frozen=True)
class Limits:
    """Limits of an axis.

    Attributes:
        clipped: whether data lie outside.
        farthest: the value farthest from zero.
    """

    low: float
    high: float
    clipped: bool
    farthest: float


def robust_limits(values: npt.ArrayLike, *, least_span: float) -> Limits:
    """Return axis limits with a margin of 5 % that are robust to an explosion at the end of a run.

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
    farthest = float(finite[np.argmax(np.abs(finite))])
    return Limits(low - margin, high + margin, clipped, farthest)


def finish_time_axis(axes: Axes, runs: Sequence[Run], *, last_ps: float) -> None:
    """Set the time axis from zero to the last value, with room for failure labels."""
    failed = any(run.failure is not None for run in runs)
    axes.set_xlim(0.0, (last_ps or 1.0) * (1.1 if failed else 1.01))
    axes.set_xlabel("Time (ps)")


def mark_failures(axes: Axes, runs: Sequence[Run], *, label: bool = True) -> None:
    """Draw a line at the time at which each failed run ended."""
    for run in runs:
        if run.failure is None or not np.isfinite(run.failure.time_ps):
            continue
        axes.axvline(run.failure.time_ps, color=VERMILLION, linestyle=(0, (4, 2)), linewidth=1.0)
        if label:
            axes.annotate(
                failure_text(run.failure),
                xy=(run.failure.time_ps, 0.98),
                xycoords=axes.get_xaxis_transform(),
                xytext=(3, 0),
                textcoords="offset points",
                ha="left",
                va="top",
                rotation=90,
                fontsize=6.5,
                color=VERMILLION,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.5},
                annotation_clip=False,
                parse_math=False,
            )


def failure_text(failure: RunFailure) -> str:
    """Format how and when a run failed."""
    return f"{failure.kind} at {failure.time_ps:.3g} ps"


def run_colours(runs: Sequence[Run]) -> list[str]:
    """Return one colour per replica."""
    return [PALETTE[k % len(PALETTE)] for k in range(len(runs))]
