"""The median time of a step, against the limit of the platform."""

import numpy as np
import pytest

from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("blocks", "on_gpu", "status", "value"),
    [
        # The median of all blocks; a GPU must be faster.
        (([1.0, 2.0], [3.0, 1000.0, 2.5]), False, Status.PASS, 2.5),
        (([50.0, 50.0],), False, Status.PASS, 50.0),
        (([50.0, 50.0],), True, Status.FAIL, 50.0),
        (([np.nan, np.nan],), False, Status.FAIL, np.nan),
        (([0.0, 0.0],), False, Status.FAIL, np.nan),
        (([-1.0, -1.0],), False, Status.FAIL, np.nan),
        ((), False, Status.INCONCLUSIVE, None),
        (([],), False, Status.INCONCLUSIVE, None),
    ],
)
def test_the_median_decides(judge_runs, water, make_run, blocks, on_gpu, status, value):
    judgement = judge_runs(
        *(make_run(water, ms_per_step_blocks=np.array(one), on_gpu=on_gpu) for one in blocks)
    )
    assert judgement.status is status
    assert judgement.value == (None if value is None else pytest.approx(value, nan_ok=True))
    if value is not None:
        assert judgement.threshold == (10.0 if on_gpu else 100.0)
    if value == 2.5:
        # 86400 s a day at 2.5 ms a step of 0.5 fs.
        days = judgement.evidence["ns_per_day_by_timestep_fs"]["0.5"]
        assert days == pytest.approx(86400 / 2.5e-3 * 0.5e-6)


@pytest.mark.parametrize(
    ("cpu_ms", "on_gpu", "status"),
    [
        (40.0, False, Status.INCONCLUSIVE),
        (110.0, False, Status.FAIL),
        # The host waits for a GPU.
        (40.0, True, Status.FAIL),
    ],
)
def test_a_busy_processor_decides_nothing(judge_runs, water, make_run, cpu_ms, on_gpu, status):
    blocks = {"ms_per_step_blocks": np.full(3, 176.0), "cpu_ms_per_step_blocks": np.full(3, cpu_ms)}
    judgement = judge_runs(make_run(water, on_gpu=on_gpu, **blocks))
    assert judgement.status is status
