import pytest
import torch

from openmm_mlff.benchmark.profiling import profile_operators, stages_of_step
from openmm_mlff.benchmark.statistics import timing


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
    times = [one["self_cpu_us_per_step"] for one in found["operators"]]
    assert times == sorted(times, reverse=True)


def test_stages_are_differences_within_rounds():
    times = {
        "openmm": timing([5.0, 50.0, 5.5]),
        "model": timing([3.0, 40.0, 3.0]),
        "reporters": timing([6.25, 60.0, 6.75]),
    }
    assert stages_of_step(times, bare=timing([0.5, 0.5, 0.5])) == {
        "model": 3.0,
        "integration": 0.5,
        # 1.5, 9.5 and 2.0; and 1.25, 10.0 and 1.25.
        "marshalling": 2.0,
        "reporters": 1.25,
    }
