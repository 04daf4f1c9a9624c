"""The median time of a step, against the limit of the platform."""

import numpy as np
import pytest

from openmm_mlff.checks.performance.speed import CHECK
from openmm_mlff.config import Threshold
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.runs import Runs


@pytest.mark.parametrize(("limit", "status"), [(1e6, Status.PASS), (1e-6, Status.FAIL)])
def test_real_simulations_are_timed(measured, make_subject, water, limit, status):
    threshold = Threshold(value=limit, unit="ms/step", source="a test")
    subject = make_subject(healthy("bonded", molecule=water, seed=0), water)

    result = measured(CHECK, subject, limits={"cpu": threshold, "gpu": threshold})

    assert result.status is status
    assert "on Reference takes" in result.message


@pytest.fixture
def judge(water, make_run, limits):
    def call(*blocks, on_gpu=False):
        runs = tuple(
            make_run(water, replica=k, ms_per_step_blocks=np.array(values), on_gpu=on_gpu)
            for k, values in enumerate(blocks)
        )
        return CHECK.judge(Runs(system=water, runs=runs), limits("speed"))

    return call


def test_the_median_of_all_blocks_counts(judge):
    judgement = judge([1.0, 2.0], [3.0, 1000.0, 2.5])

    assert judgement.status is Status.PASS
    assert judgement.value == 2.5
    # 86400 s a day at 2.5 ms a step of 0.5 fs.
    days = judgement.evidence["ns_per_day_by_timestep_fs"]["0.5"]
    assert days == pytest.approx(86400 / 2.5e-3 * 0.5e-6)


@pytest.mark.parametrize(
    ("on_gpu", "status", "limit"),
    [(False, Status.PASS, 100.0), (True, Status.FAIL, 10.0)],
)
def test_a_gpu_must_be_faster(judge, on_gpu, status, limit):
    judgement = judge([50.0, 50.0], on_gpu=on_gpu)
    assert (judgement.status, judgement.threshold) == (status, limit)


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0])
def test_impossible_times_fail(judge, value):
    assert judge([value, value]).status is Status.FAIL


@pytest.mark.parametrize("blocks", [(), ([],)])
def test_nothing_timed_is_undecided(judge, blocks):
    assert judge(*blocks).status is Status.INCONCLUSIVE
