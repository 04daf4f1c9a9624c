import math

import pytest

from openmm_mlff.selftest.onset import STRIDE, find_onset


@pytest.mark.parametrize("threshold", [1e-3, 0.02, 1.0, 7.0, 900.0])
def test_a_threshold_is_found_to_fifteen_per_cent(threshold):
    onset = find_onset(lambda strength: strength >= threshold, start=1.0, gross=1000.0)
    assert onset.unseen < threshold <= onset.seen
    assert onset.seen / onset.unseen < STRIDE ** (1.0 / 4.0) + 1e-9
    assert onset.strength == pytest.approx(threshold, rel=0.16)


def test_what_is_never_seen_has_no_onset():
    onset = find_onset(lambda strength: False, start=1.0, gross=50.0)
    assert onset.strength == math.inf
    assert onset.unseen == 50.0


def test_what_is_always_seen_has_only_an_upper_bound():
    onset = find_onset(lambda strength: True, start=1.0, gross=50.0)
    assert onset.unseen == 0.0
    assert 0.0 < onset.strength < 1e-3


def test_nothing_beyond_gross_is_tried():
    tried = []
    find_onset(lambda strength: bool(tried.append(strength)), start=1.0, gross=10.0)
    assert max(tried) == 10.0
