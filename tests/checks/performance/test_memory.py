"""The peak memory of the simulations is reported."""

import numpy as np
import pytest

from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("peaks", "status", "value"),
    [
        (
            ({"peak_resident": 400.0}, {"peak_resident": 512.4, "peak_device": 100.0}),
            Status.PASS,
            512.4,
        ),
        ((), Status.SKIPPED, None),
        (({},), Status.SKIPPED, None),
        (({"peak_resident": np.nan},), Status.SKIPPED, None),
        (({"peak_resident": 0},), Status.SKIPPED, None),
    ],
)
def test_the_largest_peak_is_reported(judge_runs, water, make_run, peaks, status, value):
    judgement = judge_runs(*(make_run(water, memory_mebibytes=peak) for peak in peaks))
    assert (judgement.status, judgement.value) == (status, value)
    if status is Status.PASS:
        assert judgement.evidence["peak_device_mebibytes"] == 100.0
