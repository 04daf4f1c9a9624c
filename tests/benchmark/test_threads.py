import openmm
import pytest
import torch

from openmm_mlff.benchmark import threads
from openmm_mlff.benchmark.blocks import Setting
from openmm_mlff.benchmark.threads import fastest_threads, with_threads
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import PlatformChoice


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [({1: 1.0, 4: 0.5}, 4), ({1: 0.5, 4: 1.0}, 1), ({1: 1.0, 4: 1.0}, 1)],
)
def test_the_fastest_number_is_chosen_and_the_smaller_of_equal_ones(
    setting, monkeypatch, seconds, chosen
):
    monkeypatch.setattr(threads, "usable_cores", lambda: 4)
    monkeypatch.setattr(threads, "_block", lambda system, setting, n: lambda steps: seconds[n])
    assert fastest_threads(openmm.System(), setting) == chosen


@pytest.mark.parametrize("cores", [1, None])
def test_one_core_is_not_measured(setting, monkeypatch, cores):
    monkeypatch.setattr(threads, "usable_cores", lambda: cores)
    monkeypatch.setattr(threads, "run_rounds", pytest.fail)
    assert fastest_threads(openmm.System(), setting) == 1


def test_steps_are_timed_with_each_number(setting, monkeypatch):
    seen = []

    def compute(state):
        seen.append(torch.get_num_threads())
        return 0.0, 0.0 * state.getPositions(asNumpy=True)._value

    system = bare_system(setting.molecule)
    system.addForce(openmm.PythonForce(compute))
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    assert fastest_threads(system, setting) in (1, 2)
    assert {1, 2} <= set(seen)


def test_only_the_cpu_platform_has_a_number_of_threads(water):
    for name, properties in (("CPU", {"Threads": "3"}), ("Reference", {})):
        found = with_threads(Setting(water, PlatformChoice(name)), 3)
        assert (found.threads, found.platform.properties) == (3, properties)
