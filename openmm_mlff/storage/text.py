"""Make untrusted text safe to display."""

import unicodedata
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT = "\t\n"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories of controls, directional marks, surrogates and the like."""


def printable(text: str) -> str:
    """Replace escape sequences, directional marks and the like; keep tabs and line feeds."""
    if text.isascii() and text.isprintable():
        return text
    plain = text.replace("\r\n", "\n")
    return "".join(
        REPLACEMENT if unicodedata.category(one) in _HIDDEN and one not in _KEPT else one
        for one in plain
    )


def printable_values(value: Any) -> Any:
    """Return JSON values with every string, including keys, made printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): printable_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(printable_values(item) for item in value)
    return value


def cut(text: str, *, length: int = 240) -> str:
    """Truncate text for use in a message."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def one_line(error: BaseException, *, with_type: bool = False) -> str:
    """Return the text of an exception in one line, after its type if wanted."""
    return " ".join(f"{type(error).__name__}: {error}".split() if with_type else str(error).split())
