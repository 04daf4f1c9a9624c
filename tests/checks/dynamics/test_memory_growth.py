import numpy as np
import pytest

from openmm_mlff.results import Status


def blocks(count, *, steps=200, leak=0.0, seed=0):
    """Blocks of a run with a leak in MiB per 10 000 steps."""
    rng = np.random.default_rng(seed)
    resident = 500.0 + leak * steps * np.arange(count) / 10_000
    # Pages of 4 KiB, and an allocator that takes 128 KiB at a time.
    resident = np.floor(resident / 0.125) * 0.125 + 0.004 * rng.integers(0, 3, size=count)
    return {"resident_mebibytes_blocks": resident, "steps_per_block": steps}


def changed(first, last, mebibytes, count=9, **rest):
    found = blocks(count, **rest)
    found["resident_mebibytes_blocks"][first:last] += mebibytes
    return found


@pytest.mark.parametrize(("protocol", "count", "steps"), [("quick", 9, 200), ("standard", 39, 500)])
def test_a_healthy_run_passes(judge_blocks, protocol, count, steps):
    for seed in range(15):
        found = judge_blocks(blocks(count, steps=steps, seed=seed), protocol=protocol)
        assert found.status is Status.PASS


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
def test_a_leak_of_some_rate(judge_blocks, protocol, count, steps, leak, status):
    judgement = judge_blocks(blocks(count, steps=steps, leak=leak), protocol=protocol)
    assert judgement.status is status
    assert judgement.value == pytest.approx(leak, rel=0.1, abs=1.0)


@pytest.mark.parametrize("at", range(1, 9))
def test_one_jump_of_the_memory_is_no_leak(judge_blocks, at):
    assert judge_blocks(changed(at, None, 5.0)).status is not Status.FAIL


def test_a_few_large_steps_of_an_allocator_are_no_leak(judge_blocks):
    # Water by a network with a neighbour list, which took no more in 3600 steps of another run.
    seen = [961.1, 961.1, 961.1, 973.5, 973.6, 973.6, 998.6, 998.7, 1011.2]
    found = {"resident_mebibytes_blocks": np.array(seen), "steps_per_block": 200}
    assert judge_blocks(found).status is Status.INCONCLUSIVE


def test_the_worst_of_several_runs_is_named(judge_blocks):
    judgement = judge_blocks(blocks(39, seed=1), blocks(39, steps=500, leak=20.0, seed=2))
    assert judgement.status is Status.FAIL
    assert "in nve_300K_0.5fs_r1, the memory" in judgement.clause


@pytest.mark.parametrize(
    ("measured", "status"),
    [
        # Growth while allocators fill up does not count.
        (changed(0, 7, -np.linspace(20.0, 1.0, 7), count=39, steps=500), Status.PASS),
        (blocks(7), Status.INCONCLUSIVE),
        (changed(4, 5, np.nan), Status.INCONCLUSIVE),
        (changed(4, 5, -1e3), Status.INCONCLUSIVE),
        ({"ms_per_step_blocks": np.ones(9)}, Status.SKIPPED),
    ],
)
def test_what_was_not_measured_never_passes(judge_blocks, measured, status):
    assert judge_blocks(measured).status is status


def test_a_leak_of_80_kb_a_step_is_measured(measured, faulty):
    result = measured(faulty("memory leak", dynamics={"duration_ps": 0.3, "longest_ps": 0.3}))
    assert result.status is Status.FAIL
    # One call a step, and one more for the row of energies every ten steps.
    assert result.value == pytest.approx(1.1 * 80_000 * 10_000 / 2**20, rel=0.03)
