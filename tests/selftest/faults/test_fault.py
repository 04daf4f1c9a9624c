from dataclasses import replace

import pytest

from openmm_mlff.selftest.faults import get_fault


def test_slight_lies_just_above_the_predicted_onset():
    fault = get_fault("jump at the cutoff")
    assert fault.slight == pytest.approx(1.5 * fault.predicted_onset)


def test_a_fault_that_is_there_or_not_has_no_slight_form():
    assert get_fault("wrong shape").slight is None


def test_slight_must_be_less_than_gross():
    with pytest.raises(ValueError, match="expected 0 < slight < gross"):
        replace(get_fault("jump at the cutoff"), gross=1e-3)
