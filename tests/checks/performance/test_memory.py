"""The peak memory of the simulations is reported."""

import numpy as np
import pytest

from openmm_mlff.checks.performance.memory import CHECK
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.runs import Runs


def test_real_simulations_measure_it(measured, make_subject, water):
    result = measured(CHECK, make_subject(healthy("bonded", molecule=water, seed=0), water))

    assert result.status is Status.PASS
    assert result.value > 10.0
    assert (result.threshold, result.unit) == (None, "MiB")


@pytest.fixture
def judge(water, make_run):
    def call(*peaks):
        runs = tuple(make_run(water, replica=k, memory_mebibytes=m) for k, m in enumerate(peaks))
        return CHECK.judge(Runs(system=water, runs=runs), {})

    return call


def test_the_largest_peak_is_reported(judge):
    judgement = judge({"peak_resident": 400.0}, {"peak_resident": 512.4, "peak_device": 100.0})

    assert (judgement.status, judgement.value) == (Status.PASS, 512.4)
    assert judgement.evidence["peak_device_mebibytes"] == 100.0


@pytest.mark.parametrize(
    "peaks", [(), ({},), ({"peak_resident": np.nan},), ({"peak_resident": 0},)]
)
def test_what_was_not_measured_is_skipped(judge, peaks):
    assert judge(*peaks).status is Status.SKIPPED
