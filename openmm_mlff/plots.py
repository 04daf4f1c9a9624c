"""Plots as data: what is drawn, without a library that draws it.

A plot has panels, a panel has two axes and marks. :mod:`openmm_mlff.report` renders each plot as
PNG and SVG, and on the page. Values that are not finite are gaps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Colour = int | str
"""A position in the palette; ``ink``, ``muted``, ``bad`` (fits, limits, failures); ``#rrggbb``."""

Style = Literal["solid", "dashed", "dotted"]
STYLES: tuple[Style, ...] = ("solid", "dashed", "dotted")

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C6D1F", "#000000")
"""Okabe–Ito colours, distinguishable with colour blindness; vermillion is for ``bad`` alone."""

ROLES = {"ink": "#222222", "muted": "#777777", "bad": "#D55E00"}

_ELEMENTS: dict[str, Colour] = {"H": "muted", "C": "ink", "N": 0, "O": "bad"}
_ELEMENTS |= {"S": 1, "P": 3, "F": 2, "Cl": 4}
_OTHER_ELEMENTS = (5, 6)


@dataclass(frozen=True)
class Axis:
    """One axis of a panel.

    Attributes:
        label: with the unit in brackets.
        range: its ends; None to show everything.
        ticks: the only values that are labelled; empty to choose them when drawing.
        categories: names of the values 0, 1, ...
    """

    label: str = ""
    range: tuple[float, float] | None = None
    log: bool = False
    ticks: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Line:
    """A curve through x and y, (T,); a histogram where ``steps``, with x the middles of the bins.

    Attributes:
        colour: None for the next of the palette.
        style: None for solid, and others when the palette repeats.
        run: the simulation whose time in ps is x; empty where x is something else.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    name: str = ""
    colour: Colour | None = None
    style: Style | None = None
    markers: bool = False
    steps: bool = False
    run: str = ""

    def __post_init__(self) -> None:
        _check_pair(self.name, self.x, self.y)


@dataclass(frozen=True, eq=False)
class Points:
    """Points at x and y, (T,), with an optional text at each.

    Attributes:
        run: the simulation whose frames have the points; empty where there is none.
        time_ps: of these frames, (T,).
        link: where a click on the page leads; empty for nowhere.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    name: str = ""
    colour: Colour | None = None
    marker: Literal["disc", "ring", "triangle", "cross", "diamond"] = "disc"
    texts: Sequence[str] = ()
    run: str = ""
    time_ps: npt.ArrayLike = ()
    link: str = ""

    def __post_init__(self) -> None:
        _check_pair(self.name, self.x, self.y)


@dataclass(frozen=True, eq=False)
class Band:
    """The area between low and high: at x, each (T,), or over the whole width for two numbers."""

    low: npt.ArrayLike
    high: npt.ArrayLike
    x: npt.ArrayLike | None = None
    name: str = ""
    colour: Colour = "muted"


@dataclass(frozen=True)
class Level:
    """A horizontal line over the whole width, e.g. a limit."""

    value: float
    name: str = ""
    colour: Colour = "bad"
    style: Style = "dashed"


@dataclass(frozen=True)
class Event:
    """A vertical line over the whole height with a text, e.g. where a simulation failed."""

    x: float
    text: str = ""


@dataclass(frozen=True)
class Bars:
    """One bar for each category of the x axis.

    Attributes:
        heights: not negative; None or a non-finite value where there is no bar.
        low: lower ends of the error bars; empty for no error bars.
        high: upper ends of the error bars.
        notes: text where there is no bar; empty for ``n/a``.
        failed: indices of the bars that are hatched because a check failed.
    """

    name: str
    heights: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    notes: Sequence[str] = ()
    failed: frozenset[int] = frozenset()

    def note(self, position: int) -> str:
        """Return the text where there is no bar."""
        return self.notes[position] if self.notes else "n/a"

    def error_lengths(self) -> npt.NDArray[np.float64]:
        """Return lengths of the error bars below and above, (2, G), NaN where there is none."""
        heights = finite_or_nan(self.heights)
        if not self.low or not self.high:
            return np.full((2, len(heights)), np.nan)
        below, above = heights - finite_or_nan(self.low), finite_or_nan(self.high) - heights
        return np.clip([below, above], 0.0, None)


Mark = Line | Points | Band | Level | Event | Bars


@dataclass(frozen=True)
class Panel:
    """Two axes and what is drawn between them.

    Attributes:
        title: which of several panels it is.
        note: a short remark, e.g. why a panel is empty.
    """

    x: Axis
    y: Axis
    marks: Sequence[Mark]
    title: str = ""
    note: str = ""

    def has_data(self) -> bool:
        """Return whether a curve, point or bar has a finite value."""
        return any(_has_data(mark) for mark in self.marks)

    def colours(self) -> list[Colour]:
        """Return the colour of each mark, the next of the palette where it names none."""
        found: list[Colour] = []
        position = 0
        for mark in self.marks:
            own = getattr(mark, "colour", "muted" if isinstance(mark, Event) else None)
            found.append(position if own is None else own)
            position += own is None
        return found

    def bars(self) -> list[Bars]:
        """Return the series of bars, which stand side by side."""
        return [mark for mark in self.marks if isinstance(mark, Bars)]


@dataclass(frozen=True)
class Plot:
    """A figure.

    Attributes:
        panels: small multiples, row by row.
        caption: sentences that include the numbers; empty for a sentence from the labels.
        name: part of the file name; empty to name the file after the check.
        columns: number of panels in a row; on the page there are at most two.
        height_inch: of one panel in print.
    """

    title: str
    panels: Sequence[Panel]
    caption: str = ""
    name: str = ""
    columns: int = 1
    height_inch: float = 2.2

    def has_data(self) -> bool:
        """Return whether anything would be drawn."""
        return any(panel.has_data() for panel in self.panels)

    def names(self) -> set[str]:
        """Return the names in the legend."""
        marks = [mark for panel in self.panels for mark in panel.marks]
        return {getattr(mark, "name", "") for mark in marks} - {""}


def finite_or_nan(values: Iterable[float | None] | npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a float64 copy with NaN for None and infinite values, which are not drawn."""
    array = np.array(values, dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def element_colours(symbols: Iterable[str]) -> dict[str, Colour]:
    """Return a colour per element, sorted by symbol, which is fixed for common elements."""
    names = sorted(set(symbols))
    others = [name for name in names if name not in _ELEMENTS]
    extra = {name: _OTHER_ELEMENTS[k % len(_OTHER_ELEMENTS)] for k, name in enumerate(others)}
    return {name: _ELEMENTS[name] if name in _ELEMENTS else extra[name] for name in names}


def of_both(
    x: npt.ArrayLike, model: npt.ArrayLike, ideal: npt.ArrayLike, *, markers: bool = False
) -> list[Mark]:
    """Return the curves of a potential and of its reference."""
    return [
        Line(x, model, "potential", 0, "solid", markers=markers),
        Line(x, ideal, "reference", "ink", "dashed"),
    ]


def hex_colour(colour: Colour) -> str:
    """Return a colour as ``#rrggbb`` on a light ground."""
    if isinstance(colour, int):
        return PALETTE[colour % len(PALETTE)]
    return ROLES.get(colour, colour)


def _has_data(mark: Mark) -> bool:
    if isinstance(mark, Line | Points):
        return bool((np.isfinite(finite_or_nan(mark.x)) & np.isfinite(finite_or_nan(mark.y))).any())
    return isinstance(mark, Bars) and bool(np.isfinite(finite_or_nan(mark.heights)).any())


def _check_pair(name: str, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
    if np.ndim(x) != 1 or np.shape(x) != np.shape(y):
        raise ValueError(
            f"series {name!r} has x of shape {np.shape(x)} and y of shape {np.shape(y)}; expected "
            "one dimension and equal lengths"
        )
