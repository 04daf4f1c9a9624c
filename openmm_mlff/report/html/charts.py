"""Render plots for the page: plotly traces and layout as plain data, with names of colours.

``@c0`` to ``@c6`` are the palette, further names are ``@bad``, ``@ink``, ``@muted``; ``@bad/0.3``
has an opacity of 0.3. The page replaces them by the colours of the light or dark theme.
"""

import math
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.plots import (
    PALETTE,
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
)
from openmm_mlff.report.html.embedding import MOST_POINTS, numbers, plain, thinned

MOST_COLUMNS = 2
FEW_POINTS = 50  # more points are small
LEGEND_WIDTH = 350  # in pixels
TOOLBAR, TITLES, LABELS = 40, 16, 42
"""In pixels: above the panels for the toolbar, for their titles, and below for the labels."""

PIXELS_PER_INCH = 110
LEAST_HEIGHT, GAP_ABOVE, GAP_BETWEEN = 70, 20, 58
"""In pixels: of a panel, above a panel with a title, above its x labels."""

DASHES = {"solid": "solid", "dashed": "dash", "dotted": "dot"}
MARKERS = {
    "disc": ("circle", 6),
    "ring": ("circle-open", 11),
    "triangle": ("triangle-down", 9),
    "cross": ("x-thin-open", 9),
    "diamond": ("diamond", 8),
}

Json = dict[str, Any]


def render_chart(plot: Plot) -> Json:
    """Return traces, layout and height (pixels) of a plot.

    It has at most two panels in a row, and one legend for all, below.
    """
    columns = 1 if len(plot.panels) <= 3 else min(plot.columns, MOST_COLUMNS)
    rows = math.ceil(len(plot.panels) / columns)
    panel_px = max(LEAST_HEIGHT, plot.height_inch * PIXELS_PER_INCH)
    shared = columns == 1 and len({(one.x.label, one.x.range) for one in plot.panels}) == 1 < rows
    gap_px = GAP_ABOVE if shared else GAP_BETWEEN
    total_px = rows * panel_px + (rows - 1) * gap_px
    layout: Json = {"shapes": [], "annotations": []}
    traces: list[Json] = []
    for k, panel in enumerate(plot.panels):
        row, column = divmod(k, columns)
        top = 1.0 - row * (panel_px + gap_px) / total_px
        domain = [round(max(0.0, top - panel_px / total_px), 4), round(top, 4)]
        left = column * (1.0 + 0.14 / columns) / columns
        across = [round(left, 4), round(left + (1.0 - 0.14 * (columns > 1)) / columns, 4)]
        number = "" if k == 0 else str(k + 1)
        y_axis = _axis(panel.y) | {"domain": domain, "anchor": f"x{number}"}
        x_axis = _axis(panel.x) | {"domain": across, "anchor": f"y{number}"}
        if shared and row < rows - 1:
            x_axis |= {"showticklabels": False, "title": {"text": ""}}
        if shared and row > 0:
            x_axis["matches"] = "x"
        layout |= {f"xaxis{number}": x_axis, f"yaxis{number}": y_axis}
        _draw_panel(traces, layout, panel, number=number)
    titled = any(panel.title or panel.note for panel in plot.panels)
    above, below = TOOLBAR + TITLES * titled, LABELS + _legend_height(plot.names())
    layout["margin"] = {"t": above, "b": below}
    return {"traces": traces, "layout": layout, "height": round(total_px + above + below)}


def _legend_height(names: Collection[str]) -> int:
    """Estimate the height of the legend, in pixels, in the narrowest column of a wide screen."""
    widest = 45 + 6 * max(map(len, names), default=0)
    return 19 * math.ceil(len(names) / max(1, LEGEND_WIDTH // widest))


def _axis(axis: Axis) -> Json:
    found: Json = {"title": {"text": plain(axis.label)}}
    ends = None if axis.range is None else np.asarray(axis.range)
    if axis.log:
        found |= {"type": "log", "exponentformat": "power"}
        ends = None if ends is None else np.log10(ends)
        if ends is None or np.ptp(ends) > 2.0:
            found["dtick"] = 1 if ends is None or np.ptp(ends) < 8.0 else 2
    if ends is not None:
        found["range"] = numbers(ends)
    if axis.categories:
        names = [plain(one).replace("\n", "<br>") for one in axis.categories]
        found |= {"tickvals": list(range(len(names))), "ticktext": names}
    elif axis.ticks:
        found |= {"tickvals": numbers(axis.ticks), "ticktext": [f"{one:g}" for one in axis.ticks]}
    return found


def _draw_panel(traces: list[Json], layout: Json, panel: Panel, *, number: str) -> None:
    place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
    bars = panel.bars()
    for mark, colour in zip(panel.marks, panel.colours(), strict=True):
        shown = _colour(colour)
        if isinstance(mark, Level):
            line = {"color": shown, "width": 1.3, "dash": DASHES[mark.style]}
            ends = {"type": "line", "x0": 0, "x1": 1, "y0": mark.value, "y1": mark.value}
            _add_shape(layout, mark.name, ends | {"line": line}, number=number)
        elif isinstance(mark, Event):
            _draw_event(layout, mark, number=number)
        elif isinstance(mark, Band) and mark.x is None:
            _draw_span(layout, mark, number=number)
        else:
            if isinstance(mark, Line):
                found = [_line(mark, colour=colour)]
            elif isinstance(mark, Points):
                found = [_points(mark, colour=shown)]
            elif isinstance(mark, Band):
                found = list(_band(mark, colour=shown))
            else:
                found = [_bars(mark, colour=shown, position=bars.index(mark), count=len(bars))]
                layout["annotations"] += _bar_notes(mark, bars=bars, number=number)
            _append(traces, [trace | place for trace in found], shapes=layout["shapes"])
    corner = {"xref": f"x{number} domain", "yref": f"y{number} domain", "y": 1, "yanchor": "bottom"}
    if panel.title:
        words = _words(panel.title, "@ink") | corner | {"x": 1, "xanchor": "right"}
        layout["annotations"].append(words)
    if panel.note:
        words = _words(panel.note, "@muted") | corner | {"x": 0, "xanchor": "left"}
        layout["annotations"].append(words)


def _append(chart: list[Json], traces: list[Json], *, shapes: list[Json]) -> None:
    """Append traces; a name is in the legend once, and switches all traces of that name."""
    drawn = {shape.get("name") for shape in shapes}
    for trace in traces:
        name = trace["name"]
        seen = any(one["name"] == name and one.get("showlegend", True) for one in chart)
        if seen or not name or name in drawn:
            trace["showlegend"] = False
        if name:
            trace["legendgroup"] = name
        chart.append(trace)


def _line(line: Line, *, colour: Colour) -> Json:
    repeats = colour // len(PALETTE) if isinstance(colour, int) else 0
    x, y = thinned(line.x, line.y)
    style = {
        "color": _colour(colour),
        "width": 0.9 if len(np.asarray(line.x)) > MOST_POINTS else 1.6,
        "dash": DASHES[line.style or STYLES[repeats % len(STYLES)]],
    }
    return {
        "type": "scatter",
        "mode": "lines+markers" if line.markers else "lines",
        "x": numbers(x),
        "y": numbers(y),
        "name": plain(line.name),
        "line": style | ({"shape": "hvh"} if line.steps else {}),
        **({"meta": {"run": line.run}} if line.run else {}),
        **({"marker": {"size": 4}} if line.markers else {}),
    }


def _points(points: Points, *, colour: str) -> Json:
    symbol, size = MARKERS[points.marker]
    many = len(np.asarray(points.x)) > FEW_POINTS
    texts = [plain(text) for text in points.texts]
    meta = {key: one for key, one in (("run", points.run), ("link", points.link)) if one}
    return {
        "type": "scatter",
        "mode": "markers+text" if texts else "markers",
        "x": numbers(points.x),
        "y": numbers(points.y),
        "name": plain(points.name),
        "marker": {"color": colour, "size": 4 if many else size, "symbol": symbol},
        **({"opacity": 0.65} if many else {}),
        **({"meta": meta} if meta else {}),
        **({"customdata": numbers(points.time_ps)} if points.run else {}),
        **({"text": texts, "textposition": "top right", "cliponaxis": False} if texts else {}),
        **({"textfont": {"color": colour}} if texts else {}),
    }


def _band(band: Band, *, colour: str) -> Iterator[Json]:
    """Yield the lower edge, and the upper one filled down to it."""
    for values, name, fill in (
        (band.low, "", {}),
        (band.high, band.name, {"fill": "tonexty", "fillcolor": f"{colour}/0.28"}),
    ):
        x, y = thinned(band.x if band.x is not None else (), values)
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": numbers(x),
            "y": numbers(y),
            "name": plain(name),
            "line": {"width": 0, "color": colour},
            "hoverinfo": "skip",
            **fill,
        }


def _bars(bars: Bars, *, colour: str, position: int, count: int) -> Json:
    below, above = bars.error_lengths()
    patterns = ["/" if k in bars.failed else "" for k in range(len(bars.heights))]
    return {
        "type": "bar",
        "x": numbers(_bar_places(len(bars.heights), position=position, count=count)),
        "y": numbers(finite_or_nan(bars.heights)),
        "width": round(0.74 / count, 4),
        "name": plain(bars.name),
        "marker": {"color": colour, **({"pattern": {"shape": patterns}} if bars.failed else {})},
        "error_y": {
            "symmetric": False,
            "array": numbers(above),
            "arrayminus": numbers(below),
            "color": "@ink",
            "thickness": 1,
            "width": 3,
        },
    }


def _bar_places(groups: int, *, position: int, count: int) -> npt.NDArray[np.float64]:
    return np.arange(groups, dtype=np.float64) + (position - (count - 1) / 2) * 0.8 / count


def _bar_notes(mark: Bars, *, bars: list[Bars], number: str) -> list[Json]:
    """Return the texts where there is no bar."""
    heights = finite_or_nan(mark.heights)
    places = _bar_places(len(heights), position=bars.index(mark), count=len(bars))
    frame = {"xref": f"x{number}", "yref": f"y{number} domain", "y": 0, "yanchor": "bottom"}
    return [
        _words(mark.note(k), "@muted") | frame | {"x": float(places[k]), "textangle": -90}
        for k in np.flatnonzero(np.isnan(heights)).tolist()
    ]


def _draw_event(layout: Json, event: Event, *, number: str) -> None:
    up = f"y{number} domain"
    line = {"color": "@bad", "width": 1.5, "dash": "dash"}
    place = {"type": "line", "xref": f"x{number}", "yref": up, "y0": 0, "y1": 1}
    layout["shapes"].append(place | {"x0": event.x, "x1": event.x, "line": line})
    if event.text:
        place = {"xref": f"x{number}", "x": event.x, "xanchor": "right", "yref": up, "y": 1}
        layout["annotations"].append(_words(event.text, "@bad") | place | {"yanchor": "top"})


def _draw_span(layout: Json, band: Band, *, number: str) -> None:
    """Draw a band over the whole width."""
    low, high = float(np.asarray(band.low)), float(np.asarray(band.high))
    ends = {"type": "rect", "x0": 0, "x1": 1, "y0": low, "y1": high, "layer": "below"}
    fill = {"fillcolor": f"{_colour(band.colour)}/0.2", "line": {"width": 0}}
    _add_shape(layout, band.name, ends | fill, number=number)


def _add_shape(layout: Json, name: str, shape: Json, *, number: str) -> None:
    """Add a shape over the whole width of a panel, whose name is in the legend once."""
    is_new = bool(name) and all(one.get("name") != plain(name) for one in layout["shapes"])
    place = {"xref": f"x{number} domain", "yref": f"y{number}"}
    named = {"name": plain(name), "showlegend": is_new, "legendgroup": plain(name)}
    layout["shapes"].append(shape | place | (named if name else {}))


def _words(text: str, colour: str) -> Json:
    return {"text": plain(text), "showarrow": False, "font": {"color": colour, "size": 10.5}}


def _colour(colour: Colour) -> str:
    if isinstance(colour, int):
        return f"@c{colour % len(PALETTE)}"
    return colour if colour.startswith("#") else f"@{colour}"
