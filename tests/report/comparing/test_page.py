import re
from xml.etree import ElementTree

from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.results import Status, VerdictStatus

HOSTILE = "<script>alert('x')</script>"


def page(reports, **options):
    return comparison_html(reports, summarise(reports), **options)


def test_the_page_shows_verdicts_changes_plot_and_advice(make_report, make_checks):
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
    text = page(reports, links=["old/report.html", "my new/report.md"])
    assert "APPROVED before, REJECTED now; 1 required result worse." in text
    assert "✔ PASS 0.0345" in text
    assert "✘ FAIL 0.5" in text
    assert "Do not use new: REJECTED." in text
    assert 'href="my%20new/report.md"' in text
    svg = re.search(r"<svg.*?</svg>", text, re.DOTALL).group(0)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    (described,) = re.findall(r'role="img" aria-label="(.*?)"', text)
    assert "new: REJECTED, force RMSE 0.5 eV/Å, 1.84 ms/step" in described
    assert svg.count("<title>") == 1


def test_nothing_is_fetched_and_no_script_runs(make_report):
    text = page([make_report(name="a"), make_report(name="b")])
    assert not re.search(r"<script|<link|<img|url\((?!#)|@import|https?://", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


def test_whatever_a_report_says_is_escaped(make_report, make_result):
    reports = [
        make_report(
            name=f"{name}{HOSTILE}",
            checks=[make_result(HOSTILE, system=HOSTILE, status=status, message=HOSTILE)],
            reasons=(HOSTILE,),
        )
        for name, status in (("a", Status.PASS), ("b", Status.FAIL))
    ]
    text = page(reports, title=HOSTILE, links=['"><b>', "x"])
    assert "<script" not in text
    assert '"><b>' not in text


def test_reports_without_checks_have_a_page(make_report):
    assert "No check changed its status." in page([make_report(checks=[]), make_report(checks=[])])
    assert "nothing to compare it with" in page([make_report(checks=[])])
