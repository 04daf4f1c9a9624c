"""Every text from outside is shown and never interpreted, by report, comparison and terminal."""

import re

import pytest
from markdown_it import MarkdownIt

from openmm_mlff.report.comparison import write_comparison
from openmm_mlff.report.markdown import report_markdown
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport, VerdictStatus

EVIL = (
    "<script>alert(1)</script> | a | b |\n\n# Heading\n\n<img src=x onerror=alert(1)> "
    "[link](javascript:alert(1)) ![x](http://example.org/x.png) ``` ` $\\frac$ "
    "</summary></details> \x1b[2J\x1b]0;title\x07 \u202e [bold red]markup[/] [/x] &lt; "
    "--> <!-- \x00"
)
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]"


@pytest.fixture
def reports(make_verdict):
    """Two reports whose every text is hostile."""
    words = dict.fromkeys(("system", "unit", "message"), EVIL)
    evidence = {"traceback": EVIL, EVIL: [EVIL], "n": {EVIL: EVIL}}
    numbers = {"status": Status.ERROR, "value": 1.0, "threshold": 2.0, "evidence": evidence}
    where = {"condition": {"ensemble": EVIL, EVIL: EVIL}}
    check = CheckResult(id=EVIL, group="dynamics", **words, **numbers, **where)
    verdict = make_verdict(
        VerdictStatus.REJECTED,
        reasons=(EVIL, check.as_reason(lead=EVIL)),
        **dict.fromkeys(("recommendation", "next_step", "label", "platform", "precision"), EVIL),
        **dict.fromkeys(("failure_modes", "elements", "systems"), (EVIL,)),
    )
    return [
        ValidationReport(
            model=ModelRecord(spec=EVIL + label, name=EVIL, sha256=EVIL),
            protocol={"name": EVIL, EVIL: EVIL},
            environment={EVIL: EVIL, "reference": EVIL},
            systems=(EVIL,),
            checks=(check, check.model_copy(update={"id": "stability", "condition": {}})),
            verdict=verdict,
        )
        for label in "ab"
    ]


def test_markdown_pages_are_harmless_as_html(tmp_path, reports):
    write_comparison(reports, tmp_path, links=["a.md", "b.md"])
    comparison = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    for page in (report_markdown(reports[0]), comparison):
        assert not re.search(CONTROL, page)
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
        assert not re.search(
            r"<script|<img(?! src=\"comparison)|onerror=[^&]*>(?<!&gt;)|<!--", html
        )
        assert not re.search(r'(href|src)="(javascript|http)', html)
        assert "&lt;script&gt;" in html
        assert "<h1>Heading" not in html
        assert html.count("<details>") == html.count("</details>")
        tables = re.findall(r"<table>.*?</table>", html, re.DOTALL)
        assert tables
        for table in tables:
            assert len({row.count("<td") for row in table.split("<tr>")[2:]}) == 1, table


def test_the_terminal_interprets_nothing(printed, reports):
    for text in (
        printed(render_report, reports[0], report_path=f"out{EVIL}", fits=False),
        printed(render_comparison, reports, fits=False),
    ):
        assert not re.search(CONTROL, text)
        assert "[bold red]" in text
