"""Draw which room of the package imports which, as `docs/images/architecture.svg`.

Run from the root of a checkout, after a change of the imports between rooms::

    python scripts/draw_architecture.py

An arrow that follows from a chain of others is left out.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from architecture import BY_NAME, ROOMS, Room, describe
from count_lines import PACKAGE
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import BoxStyle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from openmm_mlff.storage.files import write_text

PYPROJECT = Path("pyproject.toml")
PICTURE = Path("docs/images/architecture.svg")

BANDS: dict[str, tuple[str, str, str]] = {
    "above": ("May use both halves", "#f3f0fa", "#6d5aa8"),
    "measuring": ("Measure, with torch and OpenMM", "#eaf3fb", "#2f6ea5"),
    "judging": ("Judge, without torch or OpenMM", "#ecf7ee", "#35804a"),
    "below": ("May be used by both halves", "#f6f4ef", "#7d6b3f"),
}
"""Title, background and colour of each band."""

SIZE = (11.75, 13.0)
WIDTH, HEIGHT, MARGIN, PORT = 1.78, 0.66, 0.15, 0.3
"""Of a room; about the rooms of a band; between two arrows at one room."""

INK = "#22252b"


def draw(described: dict[str, dict[str, Any]]) -> Figure:
    """Draw what :func:`describe` returns; each arrow leads downward.

    Raises:
        ValueError: a room is drawn above one that imports it.
    """
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0.0, SIZE[0])
    axes.set_ylim(SIZE[1] - 0.6, -0.6)
    arrows = [(room, BY_NAME[near]) for room in ROOMS for near in described[room.name]["imports"]]
    for upper, lower in arrows:
        if upper.y >= lower.y:
            raise ValueError(f"{upper.name} imports {lower.name}; expected it to be drawn above")
        starts = sorted(to.x for start, to in arrows if start is upper)
        ends = sorted(start.x for start, to in arrows if to is lower)
        _draw_arrow(
            axes,
            (_port(upper, lower, starts), upper.y + HEIGHT / 2),
            (_port(lower, upper, ends), lower.y - HEIGHT / 2),
            colour=BANDS[described[upper.name]["band"]][2],
        )
    for room in ROOMS:
        found = described[room.name]
        _draw_room(axes, room, f"{found['lines']:,}", colour=BANDS[found["band"]][2])
    for band in BANDS:
        _draw_band(axes, band, [r for r in ROOMS if described[r.name]["band"] == band])
    return figure


def _port(room: Room, other: Room, others: Sequence[float]) -> float:
    """Return where the arrow to or from another room meets a room, in the order of the others."""
    return room.x + PORT * (others.index(other.x) - (len(others) - 1) / 2)


def _box(left: float, top: float, width: float, height: float, **style: Any) -> FancyBboxPatch:
    rounded = BoxStyle("Round", pad=0.0, rounding_size=0.1)
    return FancyBboxPatch((left, top), width, height, boxstyle=rounded, **style)


def _draw_band(axes: Axes, band: str, rooms: Sequence[Room]) -> None:
    """Draw the background of some rooms, with a title at the outer side."""
    title, background, colour = BANDS[band]
    left, right = MARGIN, SIZE[0] - MARGIN
    if band == "measuring":
        right = max(room.x for room in rooms) + WIDTH / 2 + MARGIN
    elif band == "judging":
        left = min(room.x for room in rooms) - WIDTH / 2 - MARGIN
    top = min(room.y for room in rooms) - HEIGHT / 2 - MARGIN
    height = max(room.y for room in rooms) + HEIGHT / 2 + MARGIN - top
    axes.add_patch(_box(left, top, right - left, height, fc=background, ec="none", zorder=0))
    x = right - 0.16 if band == "judging" else left + 0.16
    style = {"color": colour, "weight": "bold", "size": 11.5, "rotation": 90}
    axes.text(x, top + height / 2, title, ha="center", va="center", **style)


def _draw_arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, colour: str
) -> None:
    bend = (end[1] - start[1]) / 2
    points = [start, (start[0], start[1] + bend), (end[0], end[1] - bend), end]
    path = Curve(points, [Curve.MOVETO, *[Curve.CURVE4] * 3])
    style = {"arrowstyle": "-|>", "mutation_scale": 10, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(path=path, color=colour, lw=1.3, zorder=1, **style))


def _draw_room(axes: Axes, room: Room, count: str, *, colour: str) -> None:
    left, right = room.x - WIDTH / 2, room.x + WIDTH / 2
    axes.add_patch(
        _box(left, room.y - HEIGHT / 2, WIDTH, HEIGHT, fc="white", ec=colour, lw=1.2, zorder=2)
    )
    axes.text(
        left + 0.09, room.y - 0.13, room.name, va="center", color=INK, size=11.5, weight="bold"
    )
    axes.text(right - 0.09, room.y - 0.13, count, va="center", ha="right", color=colour, size=10)
    axes.text(left + 0.09, room.y + 0.15, room.text, va="center", color=INK, size=9.3)


def main() -> None:
    """Write the picture, with what it shows as its description."""
    described = describe(PACKAGE, PYPROJECT)
    metadata = {"Date": None, "Title": PICTURE.stem, "Description": json.dumps(described)}
    with rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": PICTURE.stem}):
        drawn = io.StringIO()
        draw(described).savefig(drawn, format="svg", metadata=metadata)
    # matplotlib leaves blanks at the ends of lines.
    text = "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())
    write_text(PICTURE, f"{text}\n")


if __name__ == "__main__":
    main()
