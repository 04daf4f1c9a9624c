import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.matrix import NOT_RUN, FaultRow, HealthyRow, Matrix
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Finding
from openmm_mlff.selftest.tables import (
    MISSED,
    NOTHING,
    OTHER,
    OWN,
    markdown,
    marks,
    render_matrix,
    summary,
)

FAULT = replace(get_fault("jump at the cutoff"), prediction="each pair jumps by s | 1 meV")
CHECKS = ("determinism", FAULT.check, "stability")


def findings(own="FAIL", other="PASS") -> dict[str, Finding]:
    statuses = dict(zip(CHECKS, ("PASS", own, other), strict=True))
    return {check: Finding(Status(status), "it jumps") for check, status in statuses.items()}


def row(gross="FAIL", slight="PASS", onset=None) -> FaultRow:
    return FaultRow(FAULT, findings(gross), findings(slight), onset)


def healthy(status="PASS") -> HealthyRow:
    return HealthyRow("pair", "water", 3, {"determinism": Finding(Status(status), "expected")})


BLIND = FaultRow(FAULT, {}, None, None)


@pytest.mark.parametrize(
    ("rows", "others", "passed"),
    [
        ((row(), row(gross="ERROR")), (healthy(), healthy("INCONCLUSIVE")), True),
        # A gross fault that is missed, or not looked for.
        *(((row(gross=status),), (), False) for status in ("PASS", "INCONCLUSIVE", "SKIPPED")),
        ((BLIND,), (), False),
        # A false alarm.
        *(((row(),), (healthy(), healthy(status)), False) for status in ("FAIL", "ERROR")),
    ],
)
def test_it_passes_where_gross_faults_are_detected_and_nothing_else(rows, others, passed):
    found = Matrix(rows, others)
    assert found.passed is passed
    if not passed and not others:
        assert len(found.missed_gross) == 1
    if not passed and others:
        assert found.false_alarms[0].alarms == {"determinism": "expected"}


def test_rows_name_what_was_missed_and_how_well_onsets_are_predicted():
    assert BLIND.gross_finding is NOT_RUN
    assert len(Matrix((row(), row(gross="ERROR"))).missed_slight) == 2
    assert Matrix((row(),), (healthy(),)).checks == CHECKS
    assert row(onset=Onset(1e-3, 4e-3)).agreement == 2.0
    assert row().agreement is None


def test_it_is_plain_json():
    found = row(onset=Onset(0.25, float("inf"))), FaultRow(get_fault("raises"), {}, None, None)
    table = Matrix(found, (healthy(),)).as_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    graded, ungraded = table["defects"]
    assert graded["onset"] == {"unseen": 0.25, "seen": None}
    assert graded["gross"]["strength"] == 0.25
    assert graded["gross"]["statuses"][FAULT.check] == "FAIL"
    assert (graded["caught_gross"], graded["caught_slight"]) == (True, False)
    assert (ungraded["slight"], ungraded["caught_slight"], ungraded["onset"]) == (None, None, None)
    assert table["healthy"][0]["statuses"] == {"determinism": "PASS"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (findings(other="ERROR"), [NOTHING, OWN, OTHER]),
        (findings(own="PASS"), [NOTHING, MISSED, NOTHING]),
    ],
)
def test_each_symbol_has_its_meaning(found, expected):
    assert marks(row(), found, checks=CHECKS) == expected


def test_the_terminal_and_markdown_show_the_matrix():
    matrix = Matrix((row(onset=Onset(1.9e-3, 2.1e-3)),), (healthy(),))
    console = Console(record=True, width=120, file=io.StringIO())
    render_matrix(matrix, console=console)
    shown = console.export_text()
    assert "missed, slight: jump at the cutoff at 0.0015 eV" in shown
    assert "SELF-TEST PASSED" in shown
    text = markdown(matrix)
    assert "| fault | determinism | cutoff_continuity | stability |" in text
    assert f"| jump at the cutoff | {NOTHING} | {OWN} | {NOTHING} |" in text
    assert "s \\| 1 meV" in text
    assert "| 0.25 | 0.0015 | 0.001 | 0.002 | 2 |" in text


def test_a_missed_gross_fault_and_a_false_alarm_are_listed():
    lines = summary(Matrix((row(gross="PASS"),), (healthy("FAIL"),)))
    assert any(line.startswith("MISSED, gross: jump at the cutoff") for line in lines)
    assert "FALSE ALARM: pair, water, seed 3: determinism: expected" in lines
    assert lines[-1] == "SELF-TEST FAILED"
