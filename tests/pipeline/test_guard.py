"""What breaks is kept with its traceback; interrupts go through."""

import pytest

from openmm_mlff.pipeline.guard import guarded


def test_a_stage_that_works_gives_its_value():
    assert guarded(lambda: 3).value == 3


def test_a_stage_that_breaks_gives_reason_and_traceback():
    def stage():
        raise ValueError("two\nlines")

    broken = guarded(stage).broken
    assert broken.reason == "ValueError: two lines"
    assert 'raise ValueError("two\\nlines")' in broken.traceback


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_goes_through(interrupt):
    def stage():
        raise interrupt

    with pytest.raises(interrupt):
        guarded(stage)
