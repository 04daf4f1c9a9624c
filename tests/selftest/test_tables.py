import io
from dataclasses import replace

import pytest
from rich.console import Console

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.matrix import FaultRow, HealthyRow, Matrix
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

CHECKS = ("determinism", "cutoff_continuity", "stability")
FAULT = replace(get_fault("jump at the cutoff"), prediction="each pair jumps by s | 1 meV")


def findings(*, own="FAIL", other="PASS") -> dict[str, Finding]:
    statuses = dict(zip(CHECKS, ("PASS", own, other), strict=True))
    return {check: Finding(Status(status), "it jumps") for check, status in statuses.items()}


def row(*, gross="FAIL") -> FaultRow:
    return FaultRow(FAULT, findings(own=gross), findings(own="PASS"), Onset(1.9e-3, 2.1e-3))


def healthy(check="determinism", status=Status.INCONCLUSIVE) -> HealthyRow:
    return HealthyRow("pair", "water", 3, {check: Finding(status, "it fell apart")})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (findings(other="ERROR"), [NOTHING, OWN, OTHER]),
        (findings(own="PASS"), [NOTHING, MISSED, NOTHING]),
    ],
)
def test_each_symbol_has_its_meaning(found, expected):
    assert marks(row(), found, checks=CHECKS) == expected


def test_the_terminal_shows_what_is_missed_just_above_the_threshold():
    console = Console(record=True, width=120, file=io.StringIO())
    render_matrix(Matrix((row(),), (healthy(),)), console=console)
    text = console.export_text()
    for part in ("missed, slight: jump at the cutoff at 0.0015 eV", "SELF-TEST PASSED"):
        assert part in text
    assert "2 cutoff_continuity" in text
    assert "determinism in 1" in text


def test_a_missed_gross_fault_and_a_false_alarm_are_listed():
    lines = summary(Matrix((row(gross="PASS"),), (healthy("stability", Status.FAIL),)))
    assert any(line.startswith("MISSED, gross: jump at the cutoff") for line in lines)
    assert "FALSE ALARM: pair, water, seed 3: stability: it fell apart" in lines
    assert lines[-1] == "SELF-TEST FAILED"


def test_markdown_holds_the_same():
    text = markdown(Matrix((row(),), (healthy(),)))
    assert "| fault | determinism | cutoff_continuity | stability |" in text
    assert f"| jump at the cutoff | {NOTHING} | {OWN} | {NOTHING} |" in text
    assert "s \\| 1 meV" in text
    assert "| 0.25 | 0.0015 | 0.001 | 0.002 | 2 |" in text
