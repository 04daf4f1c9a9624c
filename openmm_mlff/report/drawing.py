"""Draw plots with matplotlib, as PNG and SVG, without pyplot or global state."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from openmm_mlff.plots import (
    PALETTE,
    ROLES,
    STYLES,
    Axis,
    Band,
    Bars,
    Colour,
    Event,
    Level,
    Line,
    Panel,
    Plot,
    Points,
    finite_or_nan,
    hex_colour,
)
from openmm_mlff.report.figure_files import DPI, STYLE, save_figure
from openmm_mlff.storage.text import printable

SINGLE_COLUMN_INCH = 3.4
DOUBLE_COLUMN_INCH = 7.0
HEADER_INCH, LINE_INCH = 0.4, 0.15  # of the headline and of a line of the legend
MANY_POINTS = 400  # curves of more points have thin lines
FEW_POINTS = 50  # more points are small and behind all lines
FEW_DECADES = 2.5  # a shorter logarithmic axis also has labels at 2 and 5 times powers of ten
LONGEST_TEXT = 48  # in characters
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LETTER_INCH = 0.062  # of the legend, on average; the handle is about as wide as five letters
DASHES: Mapping[str, Any] = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 1.5))}
MARKERS: Mapping[str, Mapping[str, Any]] = {
    "disc": {"marker": "o", "s": 10.0, "linewidth": 0.0},
    "ring": {"marker": "o", "s": 26.0, "linewidth": 0.9, "facecolors": "none"},
    "triangle": {"marker": "v", "s": 22.0, "linewidth": 0.0},
    "cross": {"marker": "x", "s": 22.0, "linewidth": 1.4},
    "diamond": {"marker": "D", "s": 20.0, "linewidth": 0.0},
}

_INK, _MUTED, _BAD = ROLES["ink"], ROLES["muted"], ROLES["bad"]


def width_inch(plot: Plot) -> float:
    """Return the width of a plot in print: one column of a page, or two for panels in a row."""
    return SINGLE_COLUMN_INCH if plot.columns == 1 else DOUBLE_COLUMN_INCH


def draw_plot(plot: Plot, path: Path, *, headline: str = "") -> None:
    """Write a plot as PNG, and as SVG beside it; the headline names its subject."""
    # The style overrides the user's matplotlibrc and is restored afterwards.
    with matplotlib.style.context(STYLE, after_reset=True):
        save_figure(_compose(plot, headline), path=path, title=headline or path.stem)


def _compose(plot: Plot, headline: str = "") -> Figure:
    rows = math.ceil(len(plot.panels) / plot.columns)
    height = HEADER_INCH + rows * plot.height_inch + LINE_INCH * _legend_grid(plot)[0]
    figure = Figure(figsize=(width_inch(plot), height), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, plot.columns, squeeze=False)
    for axes in grid.flat[len(plot.panels) :]:
        axes.remove()
    for k, (axes, panel) in enumerate(zip(grid.flat, plot.panels, strict=False)):
        _draw_panel(axes, panel)
        _label_panel(axes, plot, position=k)
    if label := _shared_label(plot):
        figure.supylabel(_shown(label), fontsize=8.0)
    _draw_legend(figure, columns=_legend_grid(plot)[1])
    if headline:
        figure.suptitle(printable(headline), x=0.01, ha="left", fontsize=7.0, color=_MUTED)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the marks in the order in which they are listed, the first at the back."""
    bars = panel.bars()
    for mark, colour in zip(panel.marks, panel.colours(), strict=True):
        shown = hex_colour(colour)
        if isinstance(mark, Line):
            _draw_line(axes, mark, colour=colour)
        elif isinstance(mark, Points):
            _draw_points(axes, mark, colour=shown)
        elif isinstance(mark, Band):
            _draw_band(axes, mark, colour=shown)
        elif isinstance(mark, Level):
            style, name = DASHES[mark.style], _legend_name(mark.name)
            axes.axhline(mark.value, color=shown, linestyle=style, linewidth=0.9, label=name)
        elif isinstance(mark, Event):
            _draw_event(axes, mark)
        else:
            _draw_bars(axes, mark, colour=shown, position=bars.index(mark), count=len(bars))
    _set_axis(axes, "x", panel.x)
    _set_axis(axes, "y", panel.y)


def _draw_line(axes: Axes, line: Line, *, colour: Colour) -> None:
    x, y = finite_or_nan(line.x), finite_or_nan(line.y)
    repeats = colour // len(PALETTE) if isinstance(colour, int) else 0
    axes.plot(
        x,
        y,
        color=hex_colour(colour),
        linestyle=DASHES[line.style or STYLES[repeats % len(STYLES)]],
        linewidth=0.5 if len(x) > MANY_POINTS else 1.1,
        marker="o" if line.markers else None,
        markersize=2.5,
        drawstyle="steps-mid" if line.steps else "default",
        label=_legend_name(line.name),
    )


def _draw_points(axes: Axes, points: Points, *, colour: str) -> None:
    x, y = finite_or_nan(points.x), finite_or_nan(points.y)
    style: dict[str, Any] = {"edgecolors": colour}
    if points.marker == "cross":
        style = {"color": colour}
    style |= {"facecolors": colour} if points.marker in ("disc", "triangle", "diamond") else {}
    style |= MARKERS[points.marker]
    style["zorder"] = 4
    if len(x) > FEW_POINTS:
        style |= {"s": 4.0, "alpha": 0.55, "linewidth": 0.0, "zorder": 1.9}
    axes.scatter(x, y, label=_legend_name(points.name), **style)
    for here, text in zip(zip(x, y, strict=True), points.texts, strict=False):
        axes.annotate(
            _shown(text),
            xy=here,
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=6.5,
            color=colour,
            zorder=5,
            # The text would not be legible on a curve.
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.4},
        )


def _draw_band(axes: Axes, band: Band, *, colour: str) -> None:
    style: dict[str, Any] = {"color": colour, "alpha": 0.28, "linewidth": 0, "zorder": 1}
    style["label"] = _legend_name(band.name)
    low, high = finite_or_nan(band.low), finite_or_nan(band.high)
    if band.x is None:
        axes.axhspan(float(low), float(high), **style)
    else:
        axes.fill_between(finite_or_nan(band.x), low, high, **style)


def _draw_event(axes: Axes, event: Event) -> None:
    axes.axvline(event.x, color=_BAD, linestyle=DASHES["dashed"], linewidth=1.0)
    axes.annotate(
        _shown(event.text),
        xy=(event.x, 0.98),
        xycoords=axes.get_xaxis_transform(),
        xytext=(3, 0),
        textcoords="offset points",
        va="top",
        rotation=90,
        fontsize=6.5,
        color=_BAD,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.5},
        annotation_clip=False,
        in_layout=False,
    )


def _draw_bars(axes: Axes, bars: Bars, *, colour: str, position: int, count: int) -> None:
    heights, lengths = finite_or_nan(bars.heights), bars.error_lengths()
    width = 0.8 / count
    places = np.arange(len(heights)) + (position - (count - 1) / 2) * width
    name = _legend_name(bars.name)
    drawn = axes.bar(places, heights, 0.92 * width, color=colour, label=name, linewidth=0)
    for group in bars.failed:
        drawn[group].set(hatch="////", edgecolor="white", linewidth=0)
    known = np.isfinite(lengths).all(axis=0)
    if known.any():
        axes.errorbar(
            places[known],
            heights[known],
            yerr=lengths[:, known],
            fmt="none",
            ecolor=_INK,
            elinewidth=0.8,
            capsize=1.8,
            capthick=0.8,
            zorder=4,
        )
    for group in np.flatnonzero(np.isnan(heights)).tolist():
        axes.annotate(
            _shown(bars.note(group)),
            xy=(float(places[group]), 0.02),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            rotation=90,
            fontsize=6.0,
            color=_MUTED,
        )


def _set_axis(axes: Axes, name: str, axis: Axis) -> None:
    side = axes.xaxis if name == "x" else axes.yaxis
    if axis.log:
        axes.set(**{f"{name}scale": "log"})
    if axis.range is not None:
        axes.set(**{f"{name}lim": axis.range})
    if axis.categories:
        side.set_ticks(range(len(axis.categories)), [_shown(one) for one in axis.categories])
        side.set_tick_params(length=0)
    elif axis.ticks:
        side.set_ticks(axis.ticks, [f"{tick:g}" for tick in axis.ticks])
        side.set_minor_formatter(NullFormatter())
    elif axis.log:
        low, high = side.get_view_interval()
        if low > 0.0 and np.log10(high / low) < FEW_DECADES:
            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        side.set_major_formatter(FuncFormatter(lambda value, _: _decimal(value)))
        side.set_minor_formatter(NullFormatter())


def _decimal(value: float) -> str:
    """Format the value of a tick on a logarithmic axis, which is a power of ten if far from 1."""
    if 1e-3 <= value < 1e5:
        return f"{value:,.6g}"
    factor, exponent = f"{value:.0e}".split("e")
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return power if factor == "1" else f"{factor}·{power}"


def _label_panel(axes: Axes, plot: Plot, *, position: int) -> None:
    """Write the labels of axes, title, note and letter; what a neighbour shows is left out."""
    panel, columns = plot.panels[position], plot.columns
    below = plot.panels[position + columns] if position + columns < len(plot.panels) else None
    left = plot.panels[position - 1] if position % columns else None
    if below is None or below.x.label != panel.x.label:
        axes.set_xlabel(_shown(panel.x.label))
    elif below.x == panel.x and panel.x.range is not None:
        axes.tick_params(labelbottom=False)
    if left is None or left.y.label != panel.y.label:
        axes.set_ylabel("" if _shared_label(plot) else _shown(panel.y.label))
    elif left.y == panel.y and panel.y.range is not None:
        axes.tick_params(labelleft=False)
    axes.set_title(_shown(panel.title), loc="right", fontsize=7.0, pad=2.0)
    note = axes.text(0.03, 0.97, _shown(panel.note), transform=axes.transAxes, va="top")
    note.set(fontsize=6.5, in_layout=False)
    if len(plot.panels) > 1:
        letter = "abcdefghijklmnopqrstuvwxyz"[position % 26]
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=9.0, pad=2.0)


def _shared_label(plot: Plot) -> str:
    """Return the label of the y axes if several rows of panels have the same, else nothing."""
    labels = {panel.y.label for panel in plot.panels}
    return labels.pop() if len(plot.panels) > plot.columns and len(labels) == 1 else ""


def _legend_grid(plot: Plot) -> tuple[int, int]:
    """Return the number of rows and columns of the legend."""
    if not (names := plot.names()):
        return 0, 0
    room = width_inch(plot) / (LETTER_INCH * (5 + min(LONGEST_TEXT, max(map(len, names)))))
    columns = max(1, min(len(names), int(room)))
    return math.ceil(len(names) / columns), columns


def _draw_legend(figure: Figure, *, columns: int) -> None:
    """Draw one legend for all panels, below them, with each name once."""
    found: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=columns)


def _legend_name(name: str) -> str:
    """Return a name for the legend, which leaves out an empty one."""
    return _shown(name).lstrip("_") or "_"


def _shown(text: str) -> str:
    """Return text without control characters, cut so that it leaves room for the panels."""
    text = printable(text)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
