import pytest
from rich.console import Console

from openmm_mlff.selftest.matrix import DefectRow, HealthyRow, Matrix, Trial
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.tables import (
    MISSED,
    NAMED,
    NOTHING,
    OTHER,
    markdown,
    marks,
    render_matrix,
    summary,
)

CHECKS = ("determinism", "cutoff_continuity", "stability")


def tried(strength=0.25, *, named="FAIL", other="PASS") -> Trial:
    statuses = {"determinism": "PASS", "cutoff_continuity": named, "stability": other}
    return Trial(strength, statuses, "the energy jumps")


def row(gross=None, slight=None) -> DefectRow:
    return DefectRow(
        name="jump at the cutoff",
        description="cut off without being shifted",
        check="cutoff_continuity",
        unit="eV",
        gross=gross or tried(),
        slight=slight or tried(1.5e-3, named="PASS"),
        predicted_onset=1e-3,
        prediction="each pair jumps by s | to reach 1 meV",
        onset=Onset(1.9e-3, 2.1e-3),
    )


def healthy(alarms=None) -> HealthyRow:
    return HealthyRow("pair", "water", 3, {"determinism": "INCONCLUSIVE"}, alarms or {})


@pytest.fixture
def printed():
    def render(matrix: Matrix) -> str:
        console = Console(record=True, width=120, file=open("/dev/null", "w"))  # noqa: SIM115
        render_matrix(matrix, console=console)
        console.file.close()
        return console.export_text()

    return render


def test_each_symbol_has_its_meaning():
    assert marks(row(), tried(other="ERROR"), checks=CHECKS) == [NOTHING, NAMED, OTHER]
    assert marks(row(), tried(named="PASS"), checks=CHECKS) == [NOTHING, MISSED, NOTHING]


def test_what_is_missed_just_above_the_threshold_is_said(printed):
    text = printed(Matrix(CHECKS, (row(),), (healthy(),)))
    assert "missed, slight: jump at the cutoff at 0.0015 eV" in text
    assert "SELF-TEST PASSED" in text
    assert "2 cutoff_continuity" in text
    assert "determinism in 1" in text


def test_a_missed_gross_fault_and_a_false_alarm_are_said():
    alarm = healthy({"stability": "it fell apart"})
    lines = summary(Matrix(CHECKS, (row(gross=tried(named="PASS")),), (alarm,)))
    assert any(line.startswith("MISSED, gross: jump at the cutoff") for line in lines)
    assert "FALSE ALARM: pair, water, seed 3: stability: it fell apart" in lines
    assert lines[-1] == "SELF-TEST FAILED"


def test_markdown_holds_the_same():
    text = markdown(Matrix(CHECKS, (row(),), (healthy(),)))
    assert "| fault | determinism | cutoff_continuity | stability |" in text
    assert f"| jump at the cutoff | {NOTHING} | {NAMED} | {NOTHING} |" in text
    assert "to reach 1 meV" in text
    assert "s \\| to" in text
    assert "| 0.25 | 0.0015 | 0.001 | 0.002 | 2 |" in text
