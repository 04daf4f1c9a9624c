import pytest

from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.comparing.terminal import render_summary
from openmm_mlff.results import Status


@pytest.mark.parametrize("width", [80, 120])
def test_changes_front_and_advice_fit_the_terminal(printed, old_and_new, width):
    text = printed(render_summary, old_and_new, summarise(old_and_new), width=width)
    for part in ("new against old", "REJECTED now", "force_accuracy", "● yes", "Do not use new"):
        assert part in text


def test_many_changes_are_shortened_and_a_missing_front_is_named(printed, make_report, make_result):
    reports = [
        make_report(checks=[make_result(f"check_{k}", status=status) for k in range(30)])
        for status in (Status.PASS, Status.FAIL)
    ]
    text = printed(render_summary, reports, summarise(reports), width=80)
    assert "… and 10 more" in text
    assert "were not measured" in text
