"""What breaks is kept with its traceback; interrupts go through."""

import sys

import pytest

from openmm_mlff.measuring.guard import guarded


def test_a_stage_that_works_gives_its_value():
    assert guarded(lambda: 3).value == 3


def test_a_stage_that_breaks_gives_reason_and_traceback():
    def stage():
        raise ValueError("two\nlines")

    broken = guarded(stage).broken
    assert broken.reason == "ValueError: two lines"
    assert 'raise ValueError("two\\nlines")' in broken.traceback


def test_a_potential_that_asks_to_leave_is_broken():
    # Its exit code 0 would be that of an approval.
    broken = guarded(lambda: sys.exit(0)).broken
    assert broken.reason == "it tried to exit the process: SystemExit: 0"


def test_an_interrupt_goes_through():
    def stage():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(stage)
