import numpy as np
import pytest

from openmm_mlff.checks.performance.memory import memory
from openmm_mlff.observations import Observations
from openmm_mlff.records import Status


@pytest.fixture
def judge(water, make_run, criteria):
    def call(*peaks):
        runs = tuple(make_run(water, replica=k, memory_mebibytes=m) for k, m in enumerate(peaks))
        return memory(Observations(system=water, runs=runs), criteria("memory"))

    return call


def test_the_largest_peak_is_reported_without_a_threshold(judge):
    result = judge({"peak_resident": 400.0}, {"peak_resident": 512.4, "peak_device": 100.0})
    assert result.status is Status.PASS
    assert (result.value, result.threshold, result.unit) == (512.4, None, "MiB")
    assert result.evidence["peak_device_mebibytes"] == 100.0
    assert "512 MiB at its peak and 100 MiB on the device" in result.message


@pytest.mark.parametrize(
    "peaks", [(), ({},), ({"peak_resident": np.nan},), ({"peak_resident": 0},)]
)
def test_what_was_not_measured_is_skipped(judge, peaks):
    assert judge(*peaks).status is Status.SKIPPED
