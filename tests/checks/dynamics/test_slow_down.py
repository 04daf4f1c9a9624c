import numpy as np
import pytest

from openmm_mlff.checks.dynamics.slow_down import CHECK
from openmm_mlff.results import Status

LONG = {"duration_ps": 0.3, "longest_ps": 0.3}


def blocks(count, *, steps=200, slowing=1.0, noise=0.01, machine=1.0, seed=0):
    """Blocks of a run, a slowing by this factor over all.

    ``machine`` is the factor by which a neighbour slows everything in the second half.
    """
    rng = np.random.default_rng(seed)
    load = np.where(np.arange(count) < count // 2, 1.0, machine)
    ramp = np.linspace(1.0, slowing, count) * load
    cpu = 1.2 * ramp * np.exp(noise * rng.normal(size=count))
    return {
        "ms_per_step_blocks": cpu * np.exp(noise * rng.normal(size=count)),
        "cpu_ms_per_step_blocks": cpu,
        "yardstick_ms_blocks": 0.25 * load * np.exp(noise * rng.normal(size=count)),
        "steps_per_block": steps,
    }


@pytest.fixture
def judge(water, make_run, judge_runs):
    def call(*measured, **changes):
        runs = [make_run(water, replica=k, **one, **changes) for k, one in enumerate(measured)]
        return judge_runs(CHECK)(water, *runs)

    return call


@pytest.mark.parametrize(("count", "steps"), [(9, 200), (39, 500)])
def test_a_healthy_run_passes(judge, count, steps):
    statuses = [judge(blocks(count, steps=steps, seed=seed)).status for seed in range(20)]
    assert statuses.count(Status.FAIL) == 0
    assert statuses.count(Status.PASS) >= 19


@pytest.mark.parametrize(("count", "steps"), [(9, 200), (19, 200), (39, 500)])
def test_a_slowing_fails(judge, count, steps):
    result = judge(blocks(count, steps=steps, slowing=1.5))
    assert result.status is Status.FAIL
    assert result.unit == "ratio"
    assert 1.3 < result.value < 1.6
    assert "in the last fifth of the run a step takes" in result.message


def test_a_sudden_slowing_fails(judge):
    sudden = blocks(39, steps=500)
    for name in ("ms_per_step_blocks", "cpu_ms_per_step_blocks"):
        sudden[name][15:] *= 1.5
    assert judge(sudden).status is Status.FAIL


@pytest.mark.parametrize("machine", [0.6, 1.3, 1.7])
def test_a_machine_that_changes_pace_is_no_fault_of_the_model(judge, machine):
    statuses = [judge(blocks(39, machine=machine, seed=seed)).status for seed in range(10)]
    assert Status.FAIL not in statuses


def test_a_slowing_on_the_wall_alone_decides_nothing(judge):
    waiting = blocks(39)
    waiting["ms_per_step_blocks"] *= np.linspace(1.0, 1.5, 39)
    assert judge(waiting).status is Status.INCONCLUSIVE


def test_a_noisy_machine_decides_nothing(judge):
    statuses = {judge(blocks(9, noise=0.3, seed=seed)).status for seed in range(10)}
    assert Status.FAIL not in statuses
    assert Status.INCONCLUSIVE in statuses


def test_the_worst_of_several_runs_is_named(judge):
    result = judge(blocks(39, seed=1), blocks(39, steps=500, slowing=1.5, seed=2))
    assert result.status is Status.FAIL
    assert "in nve_300K_0.5fs_r1, in the last fifth" in result.message
    assert len(result.evidence["runs"]) == 2


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("name", ["yardstick_ms_blocks", "cpu_ms_per_step_blocks"])
def test_what_was_not_measured_never_passes(judge, name, value):
    damaged = blocks(9)
    damaged[name][4] = value
    assert judge(damaged).status is Status.INCONCLUSIVE


def test_few_blocks_and_blocks_of_different_sessions_decide_nothing(judge):
    assert judge(blocks(7)).status is Status.INCONCLUSIVE
    mixed = blocks(9)
    mixed["ms_per_step_blocks"] = np.ones(12)
    assert judge(mixed).status is Status.INCONCLUSIVE


def test_nothing_measured_is_skipped(judge):
    # As runs of an older version are: timed, and no more.
    assert judge({"ms_per_step_blocks": np.ones(9)}).status is Status.SKIPPED


def test_blocks_are_measured_in_every_simulation(measured, sound):
    # Whether this passes depends on what else runs on the machine; what is measured does not.
    (run,) = measured(CHECK, sound(dynamics=LONG)).evidence["runs"]
    assert run["blocks"] >= 8
    assert run["steps_per_block"] > 0
    assert np.isfinite([value for key, value in run.items() if key.endswith("first")]).all()
