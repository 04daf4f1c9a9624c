"""Write figures atomically as PNG for the screen and SVG for print."""

import io
import os
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import Collection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from openmm_mlff.plots import ROLES
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.text import printable

DPI = 300
RASTER_DPI = 200
MOST_POINTS = 6_000
"""Maximum of curve points in one SVG, where a marker counts as several points.

Figures above it embed their dense parts as bitmaps.
"""

MANY_POINTS = 400
POINTS_A_MARKER = 4

INK = ROLES["ink"]
STYLE = {
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
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.5,
    "text.color": INK,
    # A dollar sign in a name is not the start of a formula.
    "text.parse_math": False,
    # Text as outlines does not depend on installed fonts, and no name remains as text.
    "svg.fonttype": "path",
    # Fixed, so that equal figures give equal files.
    "svg.hashsalt": "openmm_mlff",
    "svg.image_inline": True,
}
"""Style of all figures, also while they are saved."""

_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_OUTLINE = re.compile(r' d="[^"]*"')
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")


def save_figure(figure: Figure, *, path: Path, title: str) -> None:
    """Write a figure as PNG and SVG; the title is the text alternative of the SVG."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    path.parent.mkdir(parents=True, exist_ok=True)
    _save_png(np.asarray(canvas.buffer_rgba()), path=path)
    # The layout is fixed for both files: text is not measured again for the SVG.
    figure.set_layout_engine("none")
    for artist in _dense_artists(figure):
        artist.set_rasterized(True)
    write_text(path.with_suffix(".svg"), _svg_text(figure, title=title))


def _save_png(pixels: npt.NDArray[np.uint8], *, path: Path) -> None:
    """Write a PNG atomically; equal figures give equal files."""
    # A palette of 256 colours halves the file without visible loss; figures are committed.
    image = Image.fromarray(pixels).convert("RGB")
    image = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", dpi=(DPI, DPI))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, path)


def _svg_text(figure: Figure, *, title: str) -> str:
    """Return the SVG; equal figures give equal texts."""
    buffer = io.StringIO()
    metadata = {"Title": printable(title), "Creator": "openmm_mlff", "Date": None}
    figure.set_dpi(RASTER_DPI)
    FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)
    # Comments repeat all text drawn as outlines, including text from other sources.
    text = _COMMENT.sub("", buffer.getvalue())
    # Differences below 0.01 pt are not visible; further digits would be a third of the file.
    return _OUTLINE.sub(lambda outline: _LONG_NUMBER.sub(r"\1", outline[0]), text)


def _dense_artists(figure: Figure) -> list[Artist]:
    """Return the artists that would make the SVG too large."""
    found = [one for one in figure.findobj() if isinstance(one, (Line2D, Collection))]
    weights = [(artist, _n_points(artist)) for artist in found]
    if sum(weight for _, weight in weights) <= MOST_POINTS:
        return []
    return [artist for artist, weight in weights if weight > MANY_POINTS]


def _n_points(artist: Line2D | Collection) -> int:
    if isinstance(artist, Line2D):
        marked = artist.get_marker() not in (None, "None", "none", " ", "")
        return (np.size(artist.get_path().vertices) // 2) * (POINTS_A_MARKER if marked else 1)
    if isinstance(artist, PathCollection):
        return (np.size(artist.get_offsets()) // 2) * POINTS_A_MARKER
    return sum(np.size(path.vertices) // 2 for path in artist.get_paths())
