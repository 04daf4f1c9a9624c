"""What breaks is kept with its traceback; interrupts go through."""

import sys

import pytest

from openmm_mlff.measuring.guard import guarded


def raising(error):
    raise error


def test_a_stage_gives_its_value_or_reason_and_traceback():
    assert guarded(lambda: 3).value == 3
    broken = guarded(lambda: raising(ValueError("two\nlines"))).broken
    assert broken.reason == "ValueError: two lines"
    assert "raise error" in broken.traceback
    # Its exit code 0 would be that of an approval.
    broken = guarded(lambda: sys.exit(0)).broken
    assert broken.reason == "it tried to exit the process: SystemExit: 0"


def test_an_interrupt_goes_through():
    with pytest.raises(KeyboardInterrupt):
        guarded(lambda: raising(KeyboardInterrupt()))
