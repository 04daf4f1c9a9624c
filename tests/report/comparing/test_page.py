import re

from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.results import Status

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
