"""Untrusted text is made safe to display."""

import pytest

from openmm_mlff.storage.text import printable, printable_values

ESCAPE = "\x1b[2J\x1b]0;title\x07"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Å ± 5 σ – ✔", "Å ± 5 σ – ✔"),
        ("two\n\tlines", "two\n\tlines"),
        ("two\r\nlines", "two\nlines"),
        (ESCAPE, "�[2J�]0;title�"),
        ("over\rwritten", "over�written"),
        ("\u202eevil", "�evil"),
        ("\x9b31m", "�31m"),
        ("half \ud800", "half �"),
    ],
)
def test_what_is_obeyed_elsewhere_is_shown(text, shown):
    assert printable(text) == shown
    assert printable_values({text: [text, (1, None)]}) == {shown: [shown, (1, None)]}
