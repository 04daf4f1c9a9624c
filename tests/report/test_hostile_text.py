"""Whatever a model, a check or a molecule is called, report and terminal show it."""

import io
import re

from markdown_it import MarkdownIt
from rich.console import Console

from openmm_mlff.plots import Axis, Event, Line, Panel, Plot
from openmm_mlff.report.comparison import write_comparison
from openmm_mlff.report.drawing import draw_plot
from openmm_mlff.report.markdown import report_markdown
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport, VerdictStatus

EVIL = (
    "<script>alert(1)</script> | a | b |\n\n# Heading\n\n<img src=x onerror=alert(1)> "
    "[link](javascript:alert(1)) ![x](http://example.org/x.png) ``` ` $\\frac$ "
    "</summary></details> \x1b[2J\x1b]0;title\x07 \u202e [bold red]markup[/] [/x] &lt; "
    "--> <!-- \x00"
)


def hostile_report(make_verdict, label="a"):
    check = CheckResult(
        id=EVIL,
        group="dynamics",
        system=EVIL,
        condition={"ensemble": EVIL, EVIL: EVIL},
        status=Status.ERROR,
        value=1.0,
        unit=EVIL,
        threshold=2.0,
        message=EVIL,
        evidence={"traceback": EVIL, EVIL: [EVIL], "n": {EVIL: EVIL}},
    )
    known = check.model_copy(update={"id": "stability", "condition": {}})
    verdict = make_verdict(
        VerdictStatus.REJECTED,
        reasons=(EVIL, check.as_reason(lead=EVIL)),
        failure_modes=(EVIL,),
        recommendation=EVIL,
        next_step=EVIL,
        label=EVIL,
        elements=(EVIL,),
        systems=(EVIL,),
        platform=EVIL,
        precision=EVIL,
    )
    return ValidationReport(
        model=ModelRecord(spec=EVIL + label, name=EVIL, sha256=EVIL),
        protocol={"name": EVIL, EVIL: EVIL},
        environment={EVIL: EVIL, "reference": EVIL},
        systems=(EVIL,),
        checks=(check, known),
        verdict=verdict,
    )


def assert_harmless(page):
    """See in the HTML that a page becomes that nothing of it is live."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    assert not re.search(r"<script|<img(?! src=\"comparison)|onerror=[^&]*>(?<!&gt;)|<!--", html)
    assert not re.search(r'(href|src)="(javascript|http)', html)
    assert "<table>" in html
    assert "&lt;script&gt;" in html
    assert "<h1>Heading" not in html
    assert html.count("<details>") == html.count("</details>")
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        cells = {row.count("<td") for row in table.split("<tr>")[2:]}
        assert len(cells) == 1, table


def test_the_report_shows_it(make_verdict):
    assert_harmless(report_markdown(hostile_report(make_verdict)))


def test_the_comparison_shows_it(tmp_path, make_verdict):
    write_comparison(
        [hostile_report(make_verdict, "a"), hostile_report(make_verdict, "b")],
        tmp_path,
        links=["a.md", "b.md"],
    )
    assert_harmless((tmp_path / "comparison.md").read_text(encoding="utf-8"))


def test_the_terminal_does_not_obey_it(make_verdict):
    written = io.StringIO()
    console = Console(file=written, width=100)
    render_report(hostile_report(make_verdict), console=console, report_path=f"out{EVIL}")
    render_comparison(
        [hostile_report(make_verdict, "a"), hostile_report(make_verdict, "b")], console=console
    )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", written.getvalue())
    assert "[bold red]" in written.getvalue()


def test_figures_show_it(figures, tmp_path):
    marks = [Line([0.0, 1.0], [0.0, 1.0], name) for name in (EVIL, "$\\nothing$")]
    panel = Panel(Axis("x"), Axis("y"), [*marks, Event(0.5, EVIL)], EVIL, EVIL)
    draw_plot(Plot(EVIL, [panel]), tmp_path / "a.png", headline=EVIL)
    (legend,) = figures[0].legends
    assert "$\\nothing$" in {text.get_text() for text in legend.get_texts()}
    assert (tmp_path / "a.png").stat().st_size > 1000
