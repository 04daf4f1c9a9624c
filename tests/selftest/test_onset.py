import math

import pytest

from openmm_mlff.selftest.onset import STRIDE, find_onset


@pytest.mark.parametrize("threshold", [1e-3, 0.02, 1.0, 7.0, 900.0])
def test_a_threshold_is_found_to_fifteen_per_cent_and_nothing_beyond_gross_is_tried(threshold):
    tried = []

    def sees(strength):
        tried.append(strength)
        return strength >= threshold

    onset = find_onset(sees, start=1.0, gross=1000.0)
    assert onset.unseen < threshold <= onset.seen
    assert onset.seen / onset.unseen < STRIDE ** (1.0 / 4.0) + 1e-9
    assert onset.strength == pytest.approx(threshold, rel=0.16)
    assert max(tried) <= 1000.0


@pytest.mark.parametrize(
    ("is_seen", "unseen", "seen"),
    [(False, 50.0, math.inf), (True, 0.0, pytest.approx(0, abs=1e-3))],
)
def test_what_is_never_or_always_seen_has_one_bound(is_seen, unseen, seen):
    onset = find_onset(lambda _: is_seen, start=1.0, gross=50.0)
    assert (onset.unseen, onset.strength) == (unseen, seen)
