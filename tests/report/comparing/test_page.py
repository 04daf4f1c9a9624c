import re

import pytest

from openmm_mlff.report.comparing.page import comparison_html, key_cells, limits_and_results
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.selection import FAULTS, NO_FAULT, verdict_words
from openmm_mlff.results import Claim, ClaimStatus, Status, VerdictStatus

from ..conftest import unpacked

HOSTILE = "<script>alert('x')</script>"


def page(reports, **options):
    return comparison_html(reports, summarise(reports), **options)


def test_the_page_shows_verdicts_changes_plot_and_advice_and_fetches_nothing(old_and_new):
    text = page(old_and_new, links=["old/report.html", "my new/report.md"])
    for part in ("REJECTED now", "✔ PASS 0.0345", "✘ FAIL 0.5", 'href="my%20new/report.md"'):
        assert part in text
    (described,) = re.findall(r'class="plot"[^>]* aria-label="(.*?)"', text)
    assert "new: REJECTED, force RMSE 0.5 eV/Å, 1.84 ms/step" in described
    (chart,) = unpacked(text, "chart")
    links = {trace["name"]: trace.get("meta", {}).get("link") for trace in chart["traces"]}
    assert links["new (REJECTED)"] == "my%20new/report.md"
    assert "default-src &#39;none&#39;" in text
    assert not re.search(r"<link|<img|<script[^>]* src|@import", text)


def test_every_text_of_a_report_is_escaped(make_report, make_result):
    reports = [
        make_report(
            name=f"{name}{HOSTILE}",
            checks=[make_result(HOSTILE, system=HOSTILE, status=status, message=HOSTILE)],
            reasons=(HOSTILE,),
        )
        for name, status in (("a", Status.PASS), ("b", Status.FAIL))
    ]
    text = page(reports, title=HOSTILE, links=['"><b>', "x"])
    assert HOSTILE not in text
    assert "<script>alert" not in text
    assert '"><b>' not in text


def test_reports_without_checks_and_one_report_alone_have_a_page(make_report):
    for reports in ([make_report(checks=[]), make_report(checks=[])], [make_report(checks=[])]):
        assert "of status</summary>" not in page(reports)


def test_a_ranking_has_neither_baseline_nor_changes(old_and_new):
    compared, ranked = page(old_and_new), page(old_and_new, ranked=True)
    parts = ("baseline", "REJECTED now", 'id="changes"', 'href="#changes"', "of status</summary>")
    for part in parts:
        assert (part in compared, part in ranked) == (True, False)


def test_a_model_has_the_worst_of_each_key_number(make_report, make_checks):
    worse = make_checks("methane", speed={"value": 9.0})
    report = make_report(checks=[*make_checks(), *worse], systems=("water", "methane"))
    assert key_cells(report)["speed"] == ("9 ms/step", "on methane", 9.0)
    assert key_cells(make_report(checks=[])) == {}


def test_each_limit_is_listed_once_with_its_direction_and_results_name_it(
    old_and_new, make_report, make_result
):
    limits, results = limits_and_results(old_and_new)
    by_name = {limit.name: limit for limit in limits}
    assert (by_name["speed"].sign, by_name["speed"].value) == ("≤", 100.0)
    walls = make_result("walls", value=43.0, unit="eV", threshold=5.0, at_least=True)
    ((wall,), _) = limits_and_results([make_report(checks=[walls])])
    assert (wall.sign, wall.value, wall.unit) == ("≥", 5.0, "eV")
    assert (by_name["force_accuracy"].sign, by_name["force_accuracy"].unit) == ("≤", "eV/Å")
    assert len(limits) == len(by_name)
    forces = [one for one in results if one["name"] == "force_accuracy"]
    assert [(one["model"], one["status"], one["value"]) for one in forces] == [
        (0, "PASS", 0.0345),
        (1, "FAIL", 0.5),
    ]
    assert {limits[one["limit"]].name for one in forces} == {"force_accuracy"}
    # What only reports has no limit.
    assert {one["limit"] for one in results if one["name"] == "energy_accuracy"} == {None}


@pytest.mark.parametrize(
    ("may_approve", "verdict", "status", "words"),
    [
        (False, VerdictStatus.INCONCLUSIVE, Status.PASS, NO_FAULT),
        (False, VerdictStatus.INCONCLUSIVE, Status.INCONCLUSIVE, NO_FAULT),
        (False, VerdictStatus.REJECTED, Status.FAIL, FAULTS),
        (False, VerdictStatus.INCONCLUSIVE, Status.ERROR, FAULTS),
        (True, VerdictStatus.INCONCLUSIVE, Status.PASS, "INCONCLUSIVE"),
        (True, VerdictStatus.REJECTED, Status.FAIL, "REJECTED"),
    ],
)
def test_a_protocol_that_cannot_approve_found_faults_or_none(
    make_report, make_checks, may_approve, verdict, status, words
):
    report = make_report(checks=make_checks(speed={"status": status}), status=verdict)
    report = report.model_copy(update={"protocol": {"name": "quick", "may_approve": may_approve}})
    assert verdict_words(report) == words
    advice = " ".join(summarise([report]).advice)
    assert ("No fault was found" in advice) == (words == NO_FAULT)


def test_what_no_reference_was_named_for_does_not_count(make_report, make_checks):
    checks = make_checks(force_accuracy={"status": Status.SKIPPED, "value": None})
    for accurate, counts in ((ClaimStatus.NOT_ASKED, False), (ClaimStatus.UNDECIDED, True)):
        report = make_report(checks=checks, status=VerdictStatus.INCONCLUSIVE)
        claim = Claim(name="accurate", status=accurate)
        claims = report.verdict.claims.model_copy(update={"accurate": claim})
        verdict = report.verdict.model_copy(update={"claims": claims})
        _, results = limits_and_results([report.model_copy(update={"verdict": verdict})])
        required = {one["name"]: one["required"] for one in results}
        assert (required["force_accuracy"], required["stability"]) == (counts, True)
