"""Jinja templates for Markdown, and filters that escape text from other sources."""

import html
import json
import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from openmm_mlff.storage.text import printable

TEMPLATES_FOLDER = Path(__file__).parent / "templates"
MOST_ITEMS = 12
"""Longer lists are shortened; `report.json` has the full lists."""

_SPECIAL = re.compile(r"([\\`*\[\]|~$])")
# An underscore inside a word, as in energy_drift, needs no escape in Markdown.
_LOOSE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")


def escape_text(text: object) -> str:
    """Escape text for Markdown, inside and outside of tables."""
    flat = " ".join(printable(str(text)).split())
    marked = _LOOSE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", flat))
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code_span(text: object, *, cell: bool = False) -> str:
    """Format text as a code span, with a fence longer than any run of backticks in it.

    If ``cell``, pipes are escaped, as tables require. Empty text gives an empty string.
    """
    flat = " ".join(printable(str(text)).split())
    if not flat:
        return ""
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in flat else ""
    shown = flat.replace("|", r"\|") if cell else flat
    return f"{fence}{pad}{shown}{pad}{fence}"


def attribute_text(value: object) -> str:
    """Escape text for an HTML element or attribute, on one line."""
    return html.escape(" ".join(printable(str(value)).split()), quote=True)


def evidence_text(value: Any) -> str:
    """Format one value of the evidence in a line, with long lists shortened."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {evidence_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        items = [evidence_text(item) for item in value[:MOST_ITEMS]]
        if len(value) > MOST_ITEMS:
            items.append(f"… ({len(value)} values)")
        return f"[{', '.join(items)}]"
    return str(value)


def flatten(table: Mapping[str, Any], *, prefix: str = "") -> list[tuple[str, Any]]:
    """Flatten nested tables and lists of tables to rows of dotted key and value."""
    rows: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            value = {str(position): one for position, one in enumerate(value)}
        if isinstance(value, Mapping):
            rows += flatten(value, prefix=f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def encode_link(path: str) -> str:
    """Percent-encode a relative path for Markdown."""
    return quote(path)


def relative_link(path: Path, *, folder: Path) -> str:
    """Return the encoded link from a page in a folder to a file, with forward slashes."""
    return encode_link(Path(os.path.relpath(path, folder)).as_posix())


def templates_in(folder: Path, *, autoescape: bool) -> Environment:
    """Return the Jinja environment of a folder, in which undefined names raise.

    Templates that write Markdown do not use ``autoescape`` but their own filters.
    """
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **context: Any) -> str:
    """Render a template of the package with one final newline; undefined names raise."""
    environment = templates_in(TEMPLATES_FOLDER, autoescape=False)
    environment.filters.update(
        text=escape_text,
        code=code_span,
        code_cell=partial(code_span, cell=True),
        attribute=attribute_text,
    )
    filled = environment.get_template(template).render(**context)
    return re.sub(r"\n{3,}", "\n\n", filled).strip("\n") + "\n"
