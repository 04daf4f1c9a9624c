import openmm
import pytest
import torch

from openmm_mlff.benchmark import threads
from openmm_mlff.benchmark.threads import (
    choose_threads,
    step_timer,
    thread_candidates,
    with_threads,
)
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import PlatformChoice, named_platform


@pytest.mark.parametrize(("seconds", "chosen"), [({1: 1.0, 4: 0.5}, 4), ({1: 0.5, 4: 1.0}, 1)])
def test_the_faster_is_chosen(seconds, chosen):
    assert choose_threads((1, 4), seconds.__getitem__) == chosen


def test_of_equal_ones_the_fewer_are_chosen():
    assert choose_threads((8, 2, 4), lambda _: 1.0) == 2


def test_a_disturbed_measurement_does_not_decide():
    measured = {1: iter([9.0, 1.0]), 4: iter([2.0, 2.0])}
    assert choose_threads((1, 4), lambda number: next(measured[number]), rounds=2) == 1


def test_they_are_measured_in_turn():
    asked = []
    choose_threads((4, 1), lambda number: asked.append(number) or 1.0, rounds=2)
    assert asked == [1, 4, 1, 4]


def test_nothing_to_choose_is_not_measured():
    def refuse(_):
        raise AssertionError("nothing must be measured")

    assert choose_threads((3, 3), refuse) == 3
    with pytest.raises(ValueError, match="got none"):
        choose_threads((), refuse)


@pytest.mark.parametrize(("cores", "expected"), [(1, (1,)), (6, (1, 6)), (None, (1,))])
def test_candidates(monkeypatch, cores, expected):
    monkeypatch.setattr(threads, "usable_cores", lambda: cores)
    assert thread_candidates() == expected


def test_only_the_cpu_platform_is_given_threads():
    assert with_threads(PlatformChoice("CPU"), 3).properties == {"Threads": "3"}
    assert with_threads(PlatformChoice("Reference"), 3).properties == {}


def test_steps_are_timed_with_the_threads_asked_for(water):
    seen = []

    def compute(state):
        seen.append(torch.get_num_threads())
        return 0.0, 0.0 * state.getPositions(asNumpy=True)._value

    system = bare_system(water)
    system.addForce(openmm.PythonForce(compute))
    before = torch.get_num_threads()
    try:
        timer = step_timer(system, water, platform=named_platform("Reference"), timestep_fs=0.5)
        assert timer(2) > 0.0
        assert set(seen) == {2}
        assert len(seen) >= threads.TRIAL_STEPS
    finally:
        torch.set_num_threads(before)
