"""How a process ended, in words."""

import pytest

from openmm_mlff.isolation.wording import how_it_ended


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "left its process with exit code 0"),
        (7 << 8, "left its process with exit code 7"),
        (11, "ended by signal 11 (segmentation fault)"),
        (11 | 0x80, "ended by signal 11 (segmentation fault)"),
        (9, "ended by signal 9 (killed from outside, perhaps by the system for want of memory)"),
        (24, "ended by signal 24 (cpu time limit exceeded)"),
        (None, "ended, and nobody saw how"),
    ],
)
def test_the_words(status, words):
    assert how_it_ended(status) == words
