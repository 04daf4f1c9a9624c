import openmm
import pytest
import torch
from benchmarks import threads
from benchmarks.stages import profile_operators, stages_of_step
from benchmarks.threads import fastest_ms_per_step

from openmm_mlff.benchmark.blocks import Setting
from openmm_mlff.benchmark.statistics import timing
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import named_platform


def test_operators_of_a_block_are_counted():
    matrix = torch.eye(20)

    def block(steps):
        for _ in range(steps):
            torch.mm(matrix, matrix)
        return 1.0

    found = profile_operators(block, steps=7)
    operators = {one["name"]: one for one in found["operators"]}
    assert operators["aten::mm"]["calls_per_step"] == 1.0
    assert operators["aten::mm"]["self_cpu_us_per_step"] > 0.0
    assert found["operator_calls_per_step"] >= 1.0
    assert sum(one["share"] for one in found["operators"]) == pytest.approx(1.0)


def test_stages_are_differences_within_rounds():
    times = {
        "openmm": timing([5.0, 50.0, 5.5]),
        "model": timing([3.0, 40.0, 3.0]),
        "reporters": timing([6.25, 60.0, 6.75]),
        "bare": timing([0.5, 0.5, 0.5]),
    }
    assert stages_of_step(times) == {
        "model": 3.0,
        "integration": 0.5,
        # 1.5, 9.5 and 2.0; and 1.25, 10.0 and 1.25.
        "marshalling": 2.0,
        "reporters": 1.25,
    }


def test_steps_are_timed_with_each_number_of_threads(monkeypatch):
    seen = []

    def compute(state):
        seen.append(torch.get_num_threads())
        return 0.0, 0.0 * state.getPositions(asNumpy=True)._value

    setting = Setting(load_system("water"), named_platform("Reference"))
    system = bare_system(setting.molecule)
    system.addForce(openmm.PythonForce(compute))
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    before = torch.get_num_threads()
    try:
        assert set(fastest_ms_per_step(system, setting)) == {1, 2}
    finally:
        torch.set_num_threads(before)
    assert {1, 2} <= set(seen)
