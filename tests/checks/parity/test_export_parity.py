"""A sound export agrees with the model, in both precisions."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.export_parity import Record
from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"force": 0.9e-4, "dtype": "float32"}, Status.PASS),
        ({"force": 1.1e-4, "dtype": "float32"}, Status.FAIL),
        ({"force": 0.9e-4}, Status.FAIL),
        ({"force": 0.9e-8}, Status.PASS),
        ({"energy": 0.11, "pair": 1}, Status.FAIL),
        ({"energy": np.nan}, Status.FAIL),
    ],
)
def test_limits_follow_the_precision(judge, differences, changes, status):
    fields = differences(**changes)
    record = Record(**fields, programs=("water", "methane"), first_to_later=np.zeros(2))
    assert judge(record).status is status
