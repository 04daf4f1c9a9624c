import pytest

from openmm_mlff.report.summary import render_summary, verdict_line
from openmm_mlff.results import Status, ValidationReport, VerdictStatus

from .conftest import CONDITION, HOT

PATH = {"report_path": "runs/x/report.md"}
COLOURS = {"force_terminal": True, "_environ": {"TERM": "xterm"}}
NO_COLOUR = {"force_terminal": True, "_environ": {"NO_COLOR": "1", "TERM": "xterm-256color"}}


@pytest.mark.parametrize("name", ["original", "mlff-distiller/tiny"])
def test_committed_reports_fit_80_columns(printed, repository, name):
    path = repository / "reports" / name / "report.json"
    report = ValidationReport.from_json(path.read_text(encoding="utf-8"))
    text = printed(render_summary, report, width=80, **PATH)
    assert report.verdict.status.value in text
    failed = {result.id for result in report.checks if result.status is Status.FAIL}
    assert any(check_id in text for check_id in failed) or not failed


@pytest.mark.parametrize(
    ("system", "line"),
    [
        ("water", " water  ✔ 9 pass  ✘ 1 fail  ? 1 inconclusive  – 1 skipped  ○ 1 not applicable"),
        ("alanine_dipeptide", " alanine_dipeptide  ✔ 9  ✘ 1  ? 1  – 1  ○ 1"),
    ],
)
def test_the_counts_of_a_system_stay_on_one_line(system, line, printed, make_report, make_result):
    others = (Status.FAIL, Status.INCONCLUSIVE, Status.SKIPPED, Status.NOT_APPLICABLE)
    checks = [make_result(f"check_{k}", system=system) for k in range(9)]
    checks += [make_result(status.name, system=system, status=status) for status in others]
    report = make_report(systems=(system,), checks=checks)
    assert line in printed(render_summary, report, width=80, **PATH).splitlines()


def test_checks_that_did_not_pass_are_named_the_most_severe_first(
    printed, make_report, make_result
):
    checks = [
        make_result("slow_down", status=Status.FAIL, required=False),
        make_result("vibrations", status=Status.INCONCLUSIVE, value=60.0, threshold=50.0),
        make_result("speed", status=Status.FAIL, value=200.0, threshold=100.0, unit="ms/step"),
        make_result("stability"),
    ]
    report = make_report(status=VerdictStatus.REJECTED, checks=checks)
    text = printed(render_summary, report, width=80, **PATH)
    order = [text.index(name) for name in ("speed on water", "vibrations on", "slow_down† on")]
    assert order == sorted(order)
    assert "200  limit 100 ms/step" in text
    assert "† reported only" in text
    assert "stability on" not in text
    many = [make_result(f"check_{k}", status=Status.FAIL) for k in range(20)]
    assert "and 8 more" in printed(render_summary, make_report(checks=many), **PATH)


def test_colours_follow_the_environment_and_conditions_are_distinguished(
    printed, make_report, make_result
):
    checks = [make_result(condition=one.as_dict()) for one in (CONDITION, HOT)]
    report = make_report(checks=checks)
    text = printed(render_summary, report, terminal=COLOURS, fits=False, **PATH)
    assert "\x1b[32m" in text
    assert "NVE, 500 K, 0.5 fs" in text
    assert "\x1b[3" not in printed(render_summary, report, terminal=NO_COLOUR, fits=False, **PATH)
    line = verdict_line(report, **PATH)
    assert line.plain == "student:tiny: APPROVED (runs/x/report.md)"
