import io

import pytest
from rich.console import Console

from openmm_mlff.report.summary import render_summary, verdict_line
from openmm_mlff.results import ClaimStatus, Status, ValidationReport, VerdictStatus


def printed(report, *, environment=None):
    console = Console(
        file=io.StringIO(),
        width=80,
        force_terminal=environment is not None,
        _environ=environment or {},
    )
    render_summary(report, console=console, report_path="runs/x/report.md")
    return console.file.getvalue()


NO_COLOUR = {"NO_COLOR": "1", "TERM": "xterm-256color"}


@pytest.mark.parametrize("name", ["original", "ultra-tiny", "mlff-distiller/tiny"])
def test_committed_reports_fit_80_columns_and_a_screen(repository, name):
    path = repository / "reports" / name / "report.json"
    report = ValidationReport.from_json(path.read_text(encoding="utf-8"))
    console = Console(file=io.StringIO(), width=80)
    render_summary(report, console=console, report_path="report.md")
    lines = console.file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert report.verdict.status.value in "\n".join(lines)
    found = sum(result.status is Status.FAIL for result in report.checks)
    assert ("What did not pass" in "\n".join(lines)) or not found


def test_what_did_not_pass_is_named_the_gravest_first(make_report, make_result):
    report = make_report(
        status=VerdictStatus.REJECTED,
        checks=[
            make_result("slow_down", status=Status.FAIL, required=False),
            make_result("vibrations", status=Status.INCONCLUSIVE, value=60.0, threshold=50.0),
            make_result("speed", status=Status.FAIL, value=200.0, threshold=100.0, unit="ms/step"),
            make_result("stability"),
        ],
    )
    text = printed(report)
    order = [text.index(name) for name in ("speed on water", "vibrations on", "slow_down† on")]
    assert order == sorted(order)
    assert "200  limit 100 ms/step" in text
    assert "† reported only" in text
    assert "stability on" not in text


def test_many_findings_are_shortened(make_report, make_result):
    checks = [make_result(f"check_{k}", status=Status.FAIL) for k in range(20)]
    text = printed(make_report(checks=checks))
    assert "and 8 more" in text


def test_no_color_turns_colours_off(make_report):
    assert "\x1b[32m" in printed(make_report(), environment={"TERM": "xterm"})
    assert "\x1b[3" not in printed(make_report(), environment=NO_COLOUR)


def test_several_conditions_are_told_apart(make_report, make_result, condition):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    checks = [make_result(condition=c) for c in (condition.as_dict(), hot)]
    text = printed(make_report(checks=checks))
    assert "NVE, 500 K, 0.5 fs" in text


def test_quiet_is_one_line(make_report):
    line = verdict_line(make_report(), report_path="runs/x/report.md")
    assert line.plain == "student:tiny: APPROVED (runs/x/report.md)"


def test_every_short_output_shows_the_label_and_the_claims(make_report, make_result):
    checks = [make_result("speed", status=Status.NOT_APPLICABLE)]
    report = make_report(
        checks=checks, accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound alone"
    )
    console = Console(width=80, record=True, file=io.StringIO())
    render_summary(report, console=console, report_path="x")
    text = console.export_text()
    assert "VERDICT: APPROVED as sound alone" in text
    assert "accurate: NOT ASKED" in text
    assert "○ 1 not applicable" in text
    assert "APPROVED as sound alone" in verdict_line(report, report_path="x").plain
