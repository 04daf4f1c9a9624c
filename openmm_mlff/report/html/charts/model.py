"""A chart as data: traces and layout of plotly, with the names of colours instead of colours.

``@c0`` to ``@c6`` are the palette, ``@bad`` what went wrong and what was fitted, ``@ink``,
``@muted`` and ``@band`` the rest; ``@bad/0.25`` is a quarter opaque.  The page looks them up in
the palette of the light or of the dark theme.
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
"""A curve is thinned to so many points; more are not told apart on a screen."""

SIGNIFICANT_DIGITS = 6
PALETTE_SIZE = 7
DASHES = ("solid", "dash", "dot")

_ELEMENTS = {"H": "@muted", "C": "@ink", "N": "@c0", "O": "@bad"}

Trace = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        kind: what it shows, as in the name of the figure of the same data.
        title: a few words.
        traces: of plotly.
        layout: of plotly, without what all charts share.
        caption: what is seen; empty where that of the figure of the same data serves.
        check_id: of the check that it belongs to.
        system: name of the molecule.
        condition: its label; empty where there is none.
        height: in pixels.
        files: the figure of the same data: kind of file, and its link from the page.
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
        """Say where a chart belongs; a caption of its own goes before the one given."""
        return replace(
            self,
            check_id=check_id,
            system=system,
            condition=condition,
            caption=self.caption or caption,
            files=files,
        )


def palette(k: int) -> str:
    """Name the colour of the k-th curve."""
    return f"@c{k % PALETTE_SIZE}"


def dash(k: int) -> str:
    """Name the dashes of the k-th curve, which change when the colours begin again."""
    return DASHES[k // PALETTE_SIZE % len(DASHES)]


def element_colour(symbol: str, *, position: int) -> str:
    """Give an element's colour; that of the common ones is of the page's palette, for contrast."""
    return _ELEMENTS.get(symbol) or ELEMENT_COLOURS.get(symbol) or palette(position)


def plain(text: object) -> str:
    """Write foreign text so that plotly, which reads some HTML, shows it as it is."""
    return html.escape(str(text), quote=False)


def numbers(values: npt.ArrayLike) -> list[float | None]:
    """Round numbers for the page; what is not finite becomes None, a gap."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return [
        float(f"{value:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(value) else None for value in array
    ]


def thinned(
    x: npt.ArrayLike, y: npt.ArrayLike, *, most: int = MOST_POINTS
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Thin a curve to its envelope: the lowest and the highest point of each stretch.

    Args:
        x: (T,).
        y: (T,); points that are not finite are left out of a curve that is thinned.
        most: points that are kept.

    Returns:
        The points that are kept, in their order; first and last and every extreme among them.
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
    """Make a curve.

    Args:
        x: (T,).
        y: (T,).
        name: for the legend.
        colour: a name of the page's palette.
        width: in pixels.
        dashes: of plotly.
        **more: further fields of the trace.

    Returns:
        The trace, thinned.
    """
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
    """Make points.

    Args:
        x: (T,).
        y: (T,).
        name: for the legend.
        colour: a name of the page's palette.
        size: in pixels.
        symbol: of plotly.
        **more: further fields of the trace.

    Returns:
        The trace, every point of it.
    """
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
    """Name both axes.

    Args:
        x_title: with its unit.
        y_title: with its unit.
        x: further fields of the axis.
        y: further fields of the axis.

    Returns:
        Part of a layout.
    """
    return {
        "xaxis": {"title": {"text": x_title}, **(x or {})},
        "yaxis": {"title": {"text": y_title}, **(y or {})},
    }


def span(limits: Limits) -> dict[str, Any]:
    """Let an axis begin with the limits of the figure; whoever wants to see more zooms out."""
    return {"range": numbers([limits.low, limits.high])}


def band(low: float, high: float) -> dict[str, Any]:
    """Shade what is allowed, over the whole width."""
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
    """Draw a level over the whole width."""
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
    """Mark the moment at which each failed run ended: a line and words, in a layout."""
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
