import json
from dataclasses import replace

import pytest

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.matrix import NOT_RUN, FaultRow, HealthyRow, Matrix
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Finding

FAULT = replace(get_fault("jump at the cutoff"), prediction="")
CHECK = FAULT.check


def row(gross="FAIL", slight="PASS", onset=None) -> FaultRow:
    found = ({CHECK: Finding(Status(status), "it jumps")} for status in (gross, slight))
    return FaultRow(FAULT, *found, onset)


def healthy(status="PASS") -> HealthyRow:
    return HealthyRow("pair", "water", 3, {"determinism": Finding(Status(status), "expected")})


def test_it_passes_where_gross_faults_are_detected_and_nothing_else():
    found = Matrix((row(), row(gross="ERROR")), (healthy(), healthy("INCONCLUSIVE")))
    assert found.passed
    assert found.checks == (CHECK, "determinism")
    assert len(found.missed_slight) == 2


@pytest.mark.parametrize("status", ["PASS", "INCONCLUSIVE", "SKIPPED"])
def test_a_gross_fault_that_is_missed_fails_it(status):
    found = Matrix((row(), row(gross=status)))
    assert not found.passed
    assert len(found.missed_gross) == 1


def test_a_check_that_was_not_run_detects_nothing():
    blind = FaultRow(FAULT, {}, None, None)
    assert blind.gross_finding is NOT_RUN
    assert not Matrix((blind,)).passed


@pytest.mark.parametrize("status", ["FAIL", "ERROR"])
def test_a_false_alarm_fails_it(status):
    found = Matrix((row(),), (healthy(), healthy(status)))
    assert not found.passed
    assert found.false_alarms[0].alarms == {"determinism": "expected"}


def test_the_onset_is_compared_with_the_prediction():
    assert row(onset=Onset(1e-3, 4e-3)).agreement == 2.0
    assert row().agreement is None


def test_it_is_plain_json():
    found = row(onset=Onset(0.25, float("inf"))), FaultRow(get_fault("raises"), {}, None, None)
    table = Matrix(found, (healthy(),)).as_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    graded, ungraded = table["defects"]
    assert graded["onset"] == {"unseen": 0.25, "seen": None}
    assert graded["gross"] == {"strength": 0.25, "statuses": {CHECK: "FAIL"}, "message": "it jumps"}
    assert (graded["caught_gross"], graded["caught_slight"]) == (True, False)
    assert (ungraded["slight"], ungraded["caught_slight"], ungraded["onset"]) == (None, None, None)
    assert table["healthy"][0]["statuses"] == {"determinism": "PASS"}
