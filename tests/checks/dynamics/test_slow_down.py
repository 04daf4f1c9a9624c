import numpy as np
import pytest

from openmm_mlff.results import Status


def blocks(count=39, *, steps=200, slowing=1.0, noise=0.01, machine=1.0, seed=0, **changes):
    """Blocks of a run, a slowing by this factor over all.

    ``machine`` is the factor by which a neighbour slows everything in the second half; a change
    multiplies one series.
    """
    rng = np.random.default_rng(seed)
    load = np.where(np.arange(count) < count // 2, 1.0, machine)
    cpu = 1.2 * np.linspace(1.0, slowing, count) * load * np.exp(noise * rng.normal(size=count))
    series = {
        "ms_per_step_blocks": cpu * np.exp(noise * rng.normal(size=count)),
        "cpu_ms_per_step_blocks": cpu,
        "yardstick_ms_blocks": 0.25 * load * np.exp(noise * rng.normal(size=count)),
    }
    series |= {name: series[name] * factor for name, factor in changes.items()}
    return series | {"steps_per_block": steps}


def at_block(value, block=4):
    return np.where(np.arange(9) == block, value, 1.0)


SUDDEN = np.where(np.arange(39) < 15, 1.0, 1.5)
NOT_MEASURED = [
    blocks(9, **{name: at_block(value)})
    for name in ("yardstick_ms_blocks", "cpu_ms_per_step_blocks")
    for value in (np.nan, 0.0)
]


@pytest.mark.parametrize(
    ("settings", "fewest_passed"),
    [
        ({"count": 9}, 19),
        ({"steps": 500}, 19),
        # A machine that changes pace is no fault of the model.
        *(({"machine": machine}, 0) for machine in (0.6, 1.3, 1.7)),
        ({"count": 9, "noise": 0.3}, 0),
    ],
)
def test_a_healthy_run_never_fails(judge_blocks, settings, fewest_passed):
    found = [judge_blocks(blocks(**settings, seed=seed)).status for seed in range(20)]
    assert Status.FAIL not in found
    assert found.count(Status.PASS) >= fewest_passed
    assert "noise" not in settings or Status.INCONCLUSIVE in found


@pytest.mark.parametrize(
    "measured",
    [
        *(blocks(count, steps=steps, slowing=1.5) for count, steps in ((9, 200), (39, 500))),
        blocks(ms_per_step_blocks=SUDDEN, cpu_ms_per_step_blocks=SUDDEN),
    ],
)
def test_a_slowing_fails_in_the_run_where_it_is(judge_blocks, measured):
    judgement = judge_blocks(blocks(seed=1), measured)
    assert judgement.status is Status.FAIL
    assert 1.3 < judgement.value < 1.6
    assert judgement.clause.startswith("in nve_300K_0.5fs_r1, ")
    assert len(judgement.evidence["runs"]) == 2


@pytest.mark.parametrize(
    ("measured", "status"),
    [
        # On the wall alone.
        (blocks(ms_per_step_blocks=np.linspace(1.0, 1.5, 39)), Status.INCONCLUSIVE),
        *((each, Status.INCONCLUSIVE) for each in NOT_MEASURED),
        (blocks(7), Status.INCONCLUSIVE),
        # Of different sessions.
        (blocks(9) | {"ms_per_step_blocks": np.ones(12)}, Status.INCONCLUSIVE),
        # As runs of an older version are: timed, and no more.
        ({"ms_per_step_blocks": np.ones(9)}, Status.SKIPPED),
    ],
)
def test_what_was_not_measured_never_passes(judge_blocks, measured, status):
    assert judge_blocks(measured).status is status


def test_blocks_are_measured_in_every_simulation(measured, sound):
    # Whether this passes depends on what else runs on the machine; what is measured does not.
    result = measured(sound(dynamics={"duration_ps": 0.3, "longest_ps": 0.3}))
    (run,) = result.evidence["runs"]
    assert run["blocks"] >= 8
    assert run["steps_per_block"] > 0
    assert np.isfinite([value for key, value in run.items() if key.endswith("first")]).all()
