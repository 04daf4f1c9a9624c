import numpy as np
import pytest

from openmm_mlff.checks.dynamics.memory_growth import CHECK
from openmm_mlff.config import load_protocol
from openmm_mlff.results import Status

LONG = {"duration_ps": 0.3, "longest_ps": 0.3}


def blocks(count, *, steps=200, leak=0.0, seed=0):
    """Blocks of a run with a leak in MiB per 10 000 steps."""
    rng = np.random.default_rng(seed)
    resident = 500.0 + leak * steps * np.arange(count) / 10_000
    # Pages of 4 KiB, and an allocator that takes 128 KiB at a time.
    resident = np.floor(resident / 0.125) * 0.125 + 0.004 * rng.integers(0, 3, size=count)
    return {"resident_mebibytes_blocks": resident, "steps_per_block": steps}


@pytest.fixture
def judge(water, make_run, at_condition):
    def call(*measured, protocol="standard", **changes):
        runs = [make_run(water, replica=k, **one, **changes) for k, one in enumerate(measured)]
        limits = load_protocol(protocol).limits_for(CHECK.id)
        return CHECK.judge(at_condition(water, *runs), limits)

    return call


@pytest.mark.parametrize(("protocol", "count", "steps"), [("quick", 9, 200), ("standard", 39, 500)])
def test_a_healthy_run_passes(judge, protocol, count, steps):
    statuses = [
        judge(blocks(count, steps=steps, seed=seed), protocol=protocol).status for seed in range(15)
    ]
    assert set(statuses) == {Status.PASS}


# 80 kB a step are 763 MiB in 10 000.
@pytest.mark.parametrize(
    ("protocol", "count", "steps", "leak", "status"),
    [
        ("quick", 9, 200, 763.0, Status.FAIL),
        ("quick", 9, 200, 20.0, Status.FAIL),
        ("quick", 9, 200, 2.0, Status.PASS),
        ("standard", 39, 500, 763.0, Status.FAIL),
        ("standard", 39, 500, 2.0, Status.FAIL),
        ("standard", 39, 500, 0.5, Status.PASS),
        # Two pieces of 128 KiB in 1400 steps may be the allocator.
        ("standard", 9, 200, 2.0, Status.INCONCLUSIVE),
    ],
)
def test_a_leak_of_some_rate(judge, protocol, count, steps, leak, status):
    judgement = judge(blocks(count, steps=steps, leak=leak), protocol=protocol)
    assert judgement.status is status
    assert judgement.value == pytest.approx(leak, rel=0.1, abs=1.0)


def test_one_jump_of_the_memory_is_no_leak(judge):
    for at in range(1, 9):
        jump = blocks(9)
        jump["resident_mebibytes_blocks"][at:] += 5.0
        assert judge(jump).status is not Status.FAIL


def test_growth_while_allocators_fill_up_does_not_count(judge):
    early = blocks(39, steps=500)
    early["resident_mebibytes_blocks"][:7] -= np.linspace(20.0, 1.0, 7)
    assert judge(early).status is Status.PASS


def test_the_worst_of_several_runs_is_named(judge):
    judgement = judge(blocks(39, seed=1), blocks(39, steps=500, leak=20.0, seed=2))
    assert judgement.status is Status.FAIL
    assert "in nve_300K_0.5fs_r1, the memory" in judgement.clause


def test_few_blocks_decide_nothing(judge):
    assert judge(blocks(7)).status is Status.INCONCLUSIVE


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_what_was_not_measured_never_passes(judge, value):
    damaged = blocks(9)
    damaged["resident_mebibytes_blocks"][4] = value
    assert judge(damaged).status is Status.INCONCLUSIVE


def test_nothing_measured_is_skipped(judge):
    assert judge({"ms_per_step_blocks": np.ones(9)}).status is Status.SKIPPED


def test_a_sound_potential_keeps_its_memory(measured, sound):
    quick = load_protocol("quick").limits_for(CHECK.id)
    result = measured(CHECK, sound(dynamics={"duration_ps": 1.0, "longest_ps": 1.0}), limits=quick)
    assert result.status is Status.PASS


@pytest.mark.parametrize("protocol", ["quick", "standard"])
def test_a_leak_of_80_kb_a_step_fails(measured, faulty, protocol):
    limits = load_protocol(protocol).limits_for(CHECK.id)
    result = measured(CHECK, faulty("memory leak", dynamics=LONG), limits=limits)
    assert result.status is Status.FAIL
    # One call a step, and one more for the row of energies every ten steps.
    assert result.value == pytest.approx(1.1 * 80_000 * 10_000 / 2**20, rel=0.03)
