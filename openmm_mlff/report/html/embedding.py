"""Fill the template of a page, with data and scripts that cannot end or alter it."""

import base64
import functools
import gzip
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from openmm_mlff.plots import finite_or_nan
from openmm_mlff.report.html.citing import linked
from openmm_mlff.report.templating import templates_in
from openmm_mlff.report.wording import css_class
from openmm_mlff.storage.files import jsonable

PLOTLY, VIEWER = "plotly-basic.min.js.gz", "3dmol.min.js.gz"
"""Plotly's basic bundle (lines, bars and pies), a fifth of the full size; 3Dmol.js."""

VENDOR = Path(__file__).parent / "vendor"
TEMPLATES_FOLDER = Path(__file__).parent / "templates"
EARLY_SCRIPT = "theme.js"
"""Runs before anything is drawn, so that a dark page does not flash white."""

MOST_POINTS = 700
"""Maximum of points per curve; more are not distinguishable on a screen."""

SIGNIFICANT_DIGITS = 6

_UNSAFE = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
"""Characters that could end a script, open a comment or break a line, and their JSON escapes."""


def fill_page(
    template: str,
    *,
    styles: Sequence[str],
    scripts: Sequence[str],
    vendor: Mapping[str, bool],
    **context: Any,
) -> str:
    """Return a page from a template with its styles and scripts.

    ``vendor`` has the names of the scripts of others, and whether this page needs each.
    """
    environment = templates_in(TEMPLATES_FOLDER, autoescape=True)
    environment.filters.update(code=code_words, linked=linked, css=css_class)
    early, script = _read(EARLY_SCRIPT), "\n".join(_read(name) for name in scripts)
    return environment.get_template(template).render(
        style=Markup("\n".join(_read(name) for name in styles)),
        policy=_policy(early, script, *map(vendor_script, vendor)),
        early_script=Markup(early),
        script=Markup(script),
        vendor={name: Markup(packed_script(name) if used else "") for name, used in vendor.items()},
        **context,
    )


def code_words(text: object) -> Markup:
    """Escape text, and format text between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if k % 2 else escape(part)
        for k, part in enumerate(parts)
    )


def _policy(*scripts: str) -> str:
    """Return a Content-Security-Policy that allows only the page's own scripts and no requests."""
    hashes = " ".join(script_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return (TEMPLATES_FOLDER / name).read_text(encoding="utf-8").strip("\n")


def safe_json(value: Any) -> str:
    """Return JSON that is safe inside `<script>`; non-finite values become null."""
    text = json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text


@functools.cache
def vendor_script(name: str) -> str:
    """Return a packaged script of others, so that equal versions give equal pages."""
    return gzip.decompress((VENDOR / name).read_bytes()).decode("utf-8")


@functools.cache
def packed_script(name: str) -> str:
    """Return it as base64 of gzip, at most half its size; the page unpacks it."""
    return base64.b64encode((VENDOR / name).read_bytes()).decode("ascii")


def packed_json(value: Any) -> str:
    """Return JSON as base64 of gzip; non-finite values become null."""
    return packed_text(safe_json(value))


def packed_text(text: str) -> str:
    """Return text as base64 of gzip, for JSON about a quarter of its size; the page unpacks it."""
    # No time in the header, so that equal texts give equal pages.
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    return base64.b64encode(packed).decode("ascii")


def script_hash(script: str) -> str:
    """Return the hash that allows a script in the page's Content-Security-Policy."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def packed_positions(positions: npt.NDArray[np.float64], *, step: float) -> str:
    """Return finite positions as base64 of little-endian 16-bit integers in units of ``step``.

    Positions beyond 32767 units are clipped. Three numbers take 8 characters.
    """
    whole = np.clip(np.round(positions / step), -32767, 32767).astype("<i2")
    return base64.b64encode(whole.tobytes()).decode("ascii")


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
    """Thin a curve, (T,), to about ``most`` points: the minimum and maximum of each segment.

    The order is kept, and the first and last points, all extremes and one point of each gap are
    included.
    """
    horizontal, vertical = finite_or_nan(x), finite_or_nan(y)
    if len(horizontal) <= most:
        return horizontal, vertical
    known = np.isfinite(horizontal) & np.isfinite(vertical)
    kept = {0, len(horizontal) - 1, *np.flatnonzero(~known & np.roll(known, 1)).tolist()}
    for stretch in np.array_split(np.flatnonzero(known), max(1, most // 2 - 1)):
        if len(stretch):
            heights = vertical[stretch]
            kept |= {int(stretch[np.argmin(heights)]), int(stretch[np.argmax(heights)])}
    chosen = np.array(sorted(kept))
    return horizontal[chosen], vertical[chosen]
