from openmm_mlff.benchmark.comparison import entry_ratios
from openmm_mlff.benchmark.entries import Ratio
from openmm_mlff.benchmark.statistics import timing

TIMES = {
    "openmm": timing([2.0, 4.0, 6.0]),
    "reporters": timing([3.0, 6.0, 9.0]),
    "model": timing([1.0, 2.0, 3.0]),
}


def constant(value):
    return Ratio(median=value, low=value, high=value)


def test_ratios_of_a_step():
    assert entry_ratios(TIMES, plain=None) == {
        "step_over_model": constant(2.0),
        "reporters_over_model": constant(3.0),
    }
    found = entry_ratios(TIMES, plain=timing([8.0, 16.0, 24.0]))
    assert found["plain_over_step"] == constant(4.0)


def test_the_interval_is_that_of_the_rounds():
    found = entry_ratios(TIMES, plain=timing([2.0, 8.0, 18.0]))
    assert found["plain_over_step"] == Ratio(median=2.0, low=1.0, high=3.0)
