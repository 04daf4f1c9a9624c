"""A chart as data: plotly traces and layout with colour names instead of colours.

``@c0`` to ``@c6`` are the palette, ``@bad`` is for failures and fits; further names are ``@ink``,
``@muted`` and ``@band``; ``@bad/0.25`` has an opacity of a quarter. The page replaces them by the
colours of the light or dark theme.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.report.canvas import ELEMENT_COLOURS, Limits, failure_text
from openmm_mlff.storage.runs import Run

MOST_POINTS = 700
"""Maximum of points per curve; more are not distinguishable on a screen."""

SIGNIFICANT_DIGITS = 6
PALETTE_SIZE = 7
DASHES = ("solid", "dash", "dot")

_ELEMENTS = {"H": "@muted", "C": "@ink", "N": "@c0", "O": "@bad"}

Trace = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        kind: as in the file name of the corresponding figure.
        traces: of plotly.
        layout: of plotly, without what all charts share.
        caption: empty to use the caption of the corresponding figure.
        condition: label of the condition, or empty.
        height: in pixels.
        files: format and relative link of each file of the corresponding figure.
    """

    kind: str
    title: str
    traces: tuple[Trace, ...]
    layout: Mapping[str, Any]
    caption: str = ""
    check_id: str = ""
    system: str = ""
    condition: str = ""
    height: int = 300
    files: tuple[tuple[str, str], ...] = ()

    def placed(
        self,
        *,
        check_id: str,
        system: str,
        caption: str,
        condition: str = "",
        files: tuple[tuple[str, str], ...] = (),
    ) -> "Chart":
        """Return a copy with its place in the report; its own caption precedes the given one."""
        return replace(
            self,
            check_id=check_id,
            system=system,
            condition=condition,
            caption=self.caption or caption,
            files=files,
        )


def palette(k: int) -> str:
    """Return the colour of the k-th curve."""
    return f"@c{k % PALETTE_SIZE}"


def dash(k: int) -> str:
    """Return the dash style of the k-th curve, which changes when the palette repeats."""
    return DASHES[k // PALETTE_SIZE % len(DASHES)]


def element_colour(symbol: str, *, position: int) -> str:
    """Return the colour of an element, from the page's palette for common elements."""
    return _ELEMENTS.get(symbol) or ELEMENT_COLOURS.get(symbol) or palette(position)


def plain(text: object) -> str:
    """Escape text, since plotly interprets some HTML."""
    return html.escape(str(text), quote=False)


def numbers(values: npt.ArrayLike) -> list[float | None]:
    """Round numbers for the page, with None for non-finite values, which gives a gap."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return [
        float(f"{value:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(value) else None for value in array
    ]


def thinned(
    x: npt.ArrayLike, y: npt.ArrayLike, *, most: int = MOST_POINTS
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Thin a curve, (T,), to at most ``most`` points: the minimum and maximum of each segment.

    The order is kept, and the first and last points and all extremes are included. Non-finite
    points are omitted from a curve that is thinned.
    """
    horizontal, vertical = (np.asarray(values, dtype=np.float64) for values in (x, y))
    if len(horizontal) <= most:
        return horizontal, vertical
    known = np.isfinite(horizontal) & np.isfinite(vertical)
    horizontal, vertical = horizontal[known], vertical[known]
    if len(horizontal) <= most:
        return horizontal, vertical
    stretches = np.array_split(np.arange(len(horizontal)), max(1, most // 2 - 1))
    kept = {0, len(horizontal) - 1}
    for stretch in stretches:
        heights = vertical[stretch]
        kept |= {int(stretch[np.argmin(heights)]), int(stretch[np.argmax(heights)])}
    chosen = np.array(sorted(kept))
    return horizontal[chosen], vertical[chosen]


def line(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    name: str,
    colour: str,
    width: float = 1.6,
    dashes: str = "solid",
    **more: Any,
) -> Trace:
    """Return a thinned line trace of x and y, (T,); ``more`` are further fields of the trace."""
    kept_x, kept_y = thinned(x, y)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(kept_x),
        "y": numbers(kept_y),
        "name": plain(name),
        "line": {"color": colour, "width": width, "dash": dashes},
        **more,
    }


def dots(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    name: str,
    colour: str,
    size: float = 5.0,
    symbol: str = "circle",
    **more: Any,
) -> Trace:
    """Return a scatter trace of all points x and y, (T,); ``more`` are further fields."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(x),
        "y": numbers(y),
        "name": plain(name),
        "marker": {"color": colour, "size": size, "symbol": symbol},
        **more,
    }


def axes(x_title: str, y_title: str, *, x: Any = None, y: Any = None) -> dict[str, Any]:
    """Return the layout of both axes; ``x`` and ``y`` are further fields of the axes."""
    return {
        "xaxis": {"title": {"text": x_title}, **(x or {})},
        "yaxis": {"title": {"text": y_title}, **(y or {})},
    }


def span(limits: Limits) -> dict[str, Any]:
    """Set the initial range of an axis to the limits of the figure."""
    return {"range": numbers([limits.low, limits.high])}


def band(low: float, high: float) -> dict[str, Any]:
    """Return a shaded band over the whole width."""
    return {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": low,
        "y1": high,
        "fillcolor": "@band",
        "line": {"width": 0},
        "layer": "below",
    }


def level(y: float, *, colour: str = "@muted", dashes: str = "dot") -> dict[str, Any]:
    """Return a horizontal line over the whole width."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": {"color": colour, "width": 1.3, "dash": dashes},
    }


def failure_marks(runs: Sequence[Run]) -> dict[str, Any]:
    """Return layout entries, a line and text, for the time at which each failed run ended."""
    failures = [
        run.failure
        for run in runs
        if run.failure is not None and np.isfinite(run.failure.time_ps) and run.failure.time_ps >= 0
    ]
    return {
        "shapes": [
            {
                "type": "line",
                "yref": "paper",
                "x0": failure.time_ps,
                "x1": failure.time_ps,
                "y0": 0,
                "y1": 1,
                "line": {"color": "@bad", "width": 1.5, "dash": "dash"},
            }
            for failure in failures
        ],
        "annotations": [
            {
                "x": failure.time_ps,
                "y": 1,
                "yref": "paper",
                "yanchor": "top",
                "xanchor": "right",
                "text": plain(failure_text(failure)),
                "showarrow": False,
                "font": {"color": "@bad"},
            }
            for failure in failures
        ],
    }
