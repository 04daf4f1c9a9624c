"""Put data and scripts into a page so that nothing in them can end or change the page."""

import base64
import functools
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.results import jsonable

PLOTLY = Path(__file__).parent / "vendor" / "plotly-basic.min.js.gz"
"""Plotly's bundle with no more than curves, bars and pies: a fifth of the whole."""

_UNSAFE = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
"""What could end a script, open a comment or break a line in one; JSON's own escapes mean the
same."""


def safe_json(value: Any) -> str:
    """Write JSON that is harmless inside of a `<script>`.

    Args:
        value: plain values and NumPy's; what is not finite becomes null.

    Returns:
        JSON without angle brackets, ampersands and the line separators of Unicode.
    """
    text = json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


@functools.cache
def plotly_script() -> str:
    """Give plotly's script, which the package brings, so that equal versions give equal pages."""
    return gzip.decompress(PLOTLY.read_bytes()).decode("utf-8")


@functools.cache
def packed_plotly() -> str:
    """Give plotly's script as base64 of gzip, which is half of it; the page unpacks it."""
    return base64.b64encode(PLOTLY.read_bytes()).decode("ascii")


def packed_json(value: Any) -> str:
    """Write JSON as base64 of gzip, which is about a quarter of it; the page unpacks it.

    Args:
        value: plain values and NumPy's; what is not finite becomes null.

    Returns:
        Text that nothing in a page can mistake for anything else.
    """
    # No time in the header: equal values give equal texts.
    packed = gzip.compress(safe_json(value).encode(), compresslevel=9, mtime=0)
    return base64.b64encode(packed).decode("ascii")


def script_hash(script: str) -> str:
    """Give the hash by which a page's Content-Security-Policy allows a script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def packed_positions(positions: npt.NDArray[np.float64], *, step: float) -> str:
    """Write positions as base64 of little-endian 16-bit integers.

    Args:
        positions: any shape, finite.
        step: of one unit; what is farther than 32767 of them is moved there.

    Returns:
        Text, 8 characters for 3 numbers.
    """
    whole = np.clip(np.round(positions / step), -32767, 32767).astype("<i2")
    return base64.b64encode(whole.tobytes()).decode("ascii")
