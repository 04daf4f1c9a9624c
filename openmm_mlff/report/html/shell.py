"""What both pages have: style, scripts, the policy that allows only these, and the templates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from openmm_mlff.report.html.citing import linked
from openmm_mlff.report.html.embedding import packed_script, script_hash, vendor_script
from openmm_mlff.report.templating import templates_in
from openmm_mlff.report.wording import css_class

TEMPLATES_FOLDER = Path(__file__).parent / "templates"
EARLY_SCRIPT = "theme.js"
"""Runs before anything is drawn, so that a dark page does not flash white."""


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
