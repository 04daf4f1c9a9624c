import pytest

from openmm_mlff.benchmark.entries import Ratio, Spread
from openmm_mlff.benchmark.statistics import (
    median_interval,
    ratio,
    speedup,
    spread,
    timing,
)


def test_spread_of_known_values_and_of_one():
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(median=3.0, p25=2.0, p75=4.0)
    assert spread([2.5]) == Spread(median=2.5, p25=2.5, p75=2.5)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [1.0, 0.0], [-1.0], [float("inf")]])
def test_spread_refuses_what_is_no_time(values):
    with pytest.raises(ValueError, match="positive, finite"):
        spread(values)


def test_timing_keeps_its_blocks_in_order_and_follows_from_them():
    found = timing([3.00000049, 1.0, 2.0])
    assert found.blocks == (3.0, 1.0, 2.0)
    assert (found.p25, found.median, found.p75) == (1.5, 2.0, 2.5)


def test_ratios_are_taken_within_rounds():
    slow, fast = timing([2.0, 9.0, 4.0]), timing([1.0, 3.0, 4.0])
    # Ratios 2, 3, 1; the ratio of the medians would be 4/3.
    assert speedup(slow, fast) == Spread(median=2.0, p25=1.5, p75=2.5)
    assert ratio(slow, fast) == Ratio(median=2.0, low=1.0, high=3.0)
    assert speedup(slow, slow) == Spread(median=1.0, p25=1.0, p75=1.0)


@pytest.mark.parametrize("compare", [speedup, ratio])
def test_ratios_need_the_same_rounds(compare):
    with pytest.raises(ValueError, match="shorter"):
        compare(timing([1.0, 2.0]), timing([1.0]))


def test_median_interval_of_few_values_is_all_of_them():
    assert median_interval([3.0]) == (3.0, 3.0)
    assert median_interval([3.0, 1.0, 2.0]) == (1.0, 3.0)


# Tables of the sign test: with n values, the k-th from either end.
@pytest.mark.parametrize(("n", "k"), [(6, 1), (8, 1), (9, 2), (10, 2), (20, 6), (30, 10)])
def test_median_interval_is_that_of_the_sign_test(n, k):
    values = [float(value) for value in range(1, n + 1)]
    assert median_interval(values[::-1]) == (k, n + 1 - k)
