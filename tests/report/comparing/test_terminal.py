import io

import pytest
from rich.console import Console

from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.comparing.terminal import render_summary
from openmm_mlff.results import Status, VerdictStatus


def printed(reports, *, width=80):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    render_summary(reports, summarise(reports), console=console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_changes_front_and_advice_fit_the_terminal(make_report, make_checks, width):
    worse = [
        result.model_copy(update={"status": Status.FAIL, "value": 0.5})
        if result.id == "force_accuracy"
        else result
        for result in make_checks()
    ]
    reports = [
        make_report(name="old"),
        make_report(name="new", checks=worse, status=VerdictStatus.REJECTED),
    ]
    text = printed(reports, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "new against old: APPROVED before, REJECTED now" in text
    assert "force_accuracy" in text
    assert "● yes" in text
    assert "Do not use new: REJECTED." in text


def test_many_changes_are_shortened(make_report, make_result):
    reports = [
        make_report(checks=[make_result(f"check_{k}", status=status) for k in range(30)])
        for status in (Status.PASS, Status.FAIL)
    ]
    text = printed(reports)
    assert "… and 10 more" in text


def test_without_numbers_the_front_is_said_to_be_missing(make_report):
    assert "no two numbers were measured" in printed([make_report(checks=[])] * 2)
