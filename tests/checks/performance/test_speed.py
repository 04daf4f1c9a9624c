import numpy as np
import pytest

from openmm_mlff.checks.performance.speed import speed
from openmm_mlff.observations import Observations
from openmm_mlff.records import Status


@pytest.fixture
def judge(water, make_run, criteria):
    def call(*blocks, platform="CPU"):
        runs = tuple(
            make_run(water, replica=k, ms_per_step_blocks=np.array(values), platform=platform)
            for k, values in enumerate(blocks)
        )
        return speed(Observations(system=water, runs=runs), criteria("speed"))

    return call


def test_the_median_of_all_blocks_counts(judge):
    result = judge([1.0, 2.0], [3.0, 1000.0, 2.5])
    assert result.status is Status.PASS
    assert result.value == 2.5
    # 86400 s a day at 2.5 ms a step of 0.5 fs.
    days = result.evidence["ns_per_day_by_timestep_fs"]["0.5"]
    assert days == pytest.approx(86400 / 2.5e-3 * 0.5e-6)


@pytest.mark.parametrize(
    ("platform", "status", "limit"),
    [
        ("CPU", Status.PASS, 100.0),
        ("Reference", Status.PASS, 100.0),
        ("CUDA", Status.FAIL, 10.0),
        ("OpenCL", Status.FAIL, 10.0),
    ],
)
def test_a_gpu_must_be_faster(judge, platform, status, limit):
    result = judge([50.0, 50.0], platform=platform)
    assert result.status is status
    assert result.threshold == limit
    assert platform in result.message


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0])
def test_impossible_times_fail(judge, value):
    assert judge([1.0, value]).status is Status.FAIL


def test_nothing_timed_is_skipped(judge):
    assert judge().status is Status.SKIPPED
    assert judge([]).status is Status.SKIPPED
