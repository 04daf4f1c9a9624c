import pytest
import torch

from openmm_mlff.benchmark.profiling import (
    OperatorSum,
    profile_operators,
    stages_of_step,
    summarise_operators,
)
from openmm_mlff.benchmark.statistics import timing


def test_sums_become_numbers_per_step_in_order_of_time():
    sums = [OperatorSum("aten::add", 30, 20.0), OperatorSum("aten::mm", 10, 80.0)]
    calls, operators = summarise_operators(sums, steps=10, top=1)
    assert calls == 4.0
    (first,) = operators
    assert (first.name, first.calls_per_step) == ("aten::mm", 1.0)
    assert (first.self_cpu_us_per_step, first.share) == (8.0, 0.8)


def test_nothing_was_called():
    assert summarise_operators([], steps=3, top=5) == (0.0, ())


def test_operators_of_a_real_block_are_counted():
    matrix = torch.eye(20)

    def block(steps):
        for _ in range(steps):
            torch.mm(matrix, matrix)
        return 1.0

    calls, operators = profile_operators(block, steps=7)
    found = {one.name: one for one in operators}
    assert found["aten::mm"].calls_per_step == 1.0
    assert found["aten::mm"].self_cpu_us_per_step > 0.0
    assert calls >= 1.0
    assert sum(one.share for one in operators) == pytest.approx(1.0)


def test_stages_are_differences_within_rounds():
    found = stages_of_step(
        step=timing([5.0, 50.0, 5.5]),
        model=timing([3.0, 40.0, 3.0]),
        bare=timing([0.5, 0.5, 0.5]),
        reporters=timing([6.25, 60.0, 6.75]),
    )
    assert (found.model, found.integration) == (3.0, 0.5)
    # 1.5, 9.5 and 2.0; and 1.25, 10.0 and 1.25.
    assert (found.marshalling, found.reporters) == (2.0, 1.25)
