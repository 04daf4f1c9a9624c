"""Checks of the simulations on runs that are missing, broke, or were cut short."""

import numpy as np
import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunFailure, Runs

OF_RUNS = [
    check
    for check in CHECKS
    if check.record is Runs and check.group == "dynamics" and check.scope == "condition"
]
SOUND = {
    "degrees_of_freedom": 3,
    "steps_per_block": 200,
    "ms_per_step_blocks": np.ones(9),
    "cpu_ms_per_step_blocks": np.ones(9),
    "yardstick_ms_blocks": np.ones(9),
    "resident_mebibytes_blocks": np.full(9, 500.0),
}
# These do not need the streams up to the end of a run.
WITHOUT_STREAMS = dict.fromkeys(("slow_down", "memory_growth", "temperature"), Status.PASS)
TORN = RunFailure("unstable", "torn", 5.0)
FELL = RunFailure("error", "it fell", 1.0, traceback="line 7")


@pytest.mark.parametrize(
    ("change", "status", "others"),
    [
        (None, Status.SKIPPED, {}),
        ({}, Status.PASS, {}),
        ({"completed_ps": 4.0}, Status.INCONCLUSIVE, {}),
        ({"requested_ps": 20.0, "completed_ps": 20.0}, Status.INCONCLUSIVE, WITHOUT_STREAMS),
        ({"completed_ps": 5.0, "failure": TORN}, Status.INCONCLUSIVE, {"stability": Status.FAIL}),
        ({"failure": FELL}, Status.ERROR, {"temperature": Status.INCONCLUSIVE}),
    ],
    ids=["missing", "sound", "interrupted", "unrecorded", "broken", "error"],
)
@pytest.mark.parametrize("check", OF_RUNS, ids=lambda check: check.id)
def test_only_whole_runs_pass(check, change, status, others, water, make_run, at_condition, judge):
    runs = () if change is None else (make_run(water, **SOUND | change),)
    judgement = judge(at_condition(*runs), check=check)
    assert judgement.status is others.get(check.id, status)
    if change and change.get("failure") is TORN:
        assert bool(judgement.evidence) is (check.id != "temperature")
    if judgement.status is Status.ERROR:
        assert judgement.evidence["traceback"] == "line 7"
