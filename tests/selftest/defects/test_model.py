from dataclasses import replace

import pytest

from openmm_mlff.selftest.defects import get_defect


def test_slight_lies_just_above_the_predicted_onset():
    defect = get_defect("jump at the cutoff")
    assert defect.slight == pytest.approx(1.5 * defect.predicted_onset)


def test_a_fault_that_is_there_or_not_has_no_slight_form():
    assert get_defect("wrong shape").slight is None


def test_slight_must_be_less_than_gross():
    with pytest.raises(ValueError, match="expected 0 < slight < gross"):
        replace(get_defect("jump at the cutoff"), gross=1e-3)
