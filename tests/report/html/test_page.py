import base64
import gzip
import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from openmm_mlff.report.figures import report_plots
from openmm_mlff.report.html import report_html, write_html
from openmm_mlff.report.html.embedding import plotly_script, script_hash
from openmm_mlff.report.html.page import code_words, provenance_rows, repeat_command
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ClaimStatus, Status, VerdictStatus
from openmm_mlff.storage.runs import Evidence


class Outline(HTMLParser):
    """Ids, links and scripts of a page; void elements need no end."""

    VOID = frozenset({"meta", "input", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.scripts, self.open, self.sources = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.sources += [value for name, value in attrs if name in ("src", "srcset", "data")]
        if tag == "script":
            self.scripts.append([attributes.get("type", ""), ""])

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_its_links_lead_somewhere(torn_page):
    outline = Outline(torn_page)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.sources == []
    assert all(link.startswith("#") for link in outline.links)
    assert {link[1:] for link in outline.links} <= set(outline.ids)


def test_foreign_text_is_no_script(torn_page):
    kinds = [kind for kind, _ in Outline(torn_page).scripts]
    assert sorted(kinds) == ["", "", "application/json", "text/plain", "text/plain"]
    assert "\u2028" not in "".join(text for _, text in Outline(torn_page).scripts)


def test_the_policy_allows_the_scripts_of_the_page_and_plotly_alone(torn_page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', torn_page)[1]
    allowed = set(re.findall(r"&#39;sha256-[^&]*&#39;", policy))
    scripts = [text for kind, text in Outline(torn_page).scripts if not kind]
    expected = {script_hash(text) for text in (*scripts, plotly_script())}
    assert {one.replace("&#39;", "'") for one in allowed} == expected
    assert policy.startswith("default-src &#39;none&#39;")


def test_the_data_are_json_for_every_chart(torn_page):
    data = {kind: text for kind, text in Outline(torn_page).scripts if kind}
    runs = json.loads(data["application/json"])
    assert runs[0]["failing"] is not None
    packed = re.search(r'id="chart-data">([^<]*)<', torn_page)[1]
    charts = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert len(charts) == torn_page.count('class="plot"') == 4
    # The bundle that the page brings draws these.
    assert {trace["type"] for chart in charts for trace in chart["traces"]} <= {"scatter", "bar"}


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_the_page_says_the_one_verdict_and_its_scope(make_report, make_observations, status):
    page = report_html(make_report(status=status), {"water": make_observations()})
    assert f"</span> {status.value}</span>" in page
    assert "Use it for small molecules." in page
    assert "up to 0.5 fs" in page
    for other in set(VerdictStatus) - {status, VerdictStatus.INCONCLUSIVE}:
        assert other.value not in page


def test_a_run_without_anything_still_has_a_page(make_report, make_observations, tmp_path):
    nothing = {"water": Evidence(make_observations().system)}
    path = tmp_path / "report.html"
    write_html(make_report(checks=[], reasons=()), nothing, path)
    page = path.read_text(encoding="utf-8")
    assert "No reason was given." in page
    assert 'player-canvas"' not in page.split("<script")[2]
    assert len(page) < 200_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see `energy_drift` & more", "see <code>energy_drift</code> &amp; more"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("one ` alone <", "one ` alone &lt;"),
    ],
)
def test_what_stands_between_backticks_is_code(text, shown):
    assert code_words(text) == shown


def test_equal_reports_give_equal_pages(torn_report, torn_run, make_observations):
    observations = {"water": make_observations(runs=(torn_run,))}
    plots = report_plots(observations, torn_report)
    first, second = (report_html(torn_report, observations, plots=plots) for _ in range(2))
    assert first == second


def test_neither_torch_nor_openmm_is_needed():
    code = (
        "import sys; import openmm_mlff.report.html; "
        "print([name for name in ('torch', 'openmm') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"


def test_the_page_shows_the_label_both_claims_and_what_is_not_applicable(
    make_report, make_result, make_observations
):
    checks = [make_result("energy_drift", status=Status.NOT_APPLICABLE)]
    report = make_report(
        checks=checks, accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound alone"
    )
    page = report_html(report, {"water": make_observations()})
    assert "</span> APPROVED as sound alone</span>" in page
    assert "Accurate: <strong>NOT ASKED</strong>" in page
    assert 'class="mark not-applicable"' in page
    assert 'data-status="NOT APPLICABLE"' in page


def test_the_command_repeats_the_request(make_report):
    request = ValidationRequest(
        potential="my model.pt", systems=("water", "my mol.sdf"), reference="none:why", charge=1
    )
    run = {"request": request.record()}
    assert repeat_command(make_report(), run=run) == request.to_command()


def test_without_a_run_file_the_report_says_what_it_can(make_report):
    command = repeat_command(make_report(name="a b"), run=None)
    assert shlex.split(command)[:5] == [
        "openmm-mlff",
        "validate",
        "student:a b",
        "--system",
        "water",
    ]


def test_rows_hold_model_environment_and_settings_but_no_thresholds(make_report):
    rows = dict(provenance_rows(make_report()))
    assert rows["sha256"] == "0123456789abcdef"
    assert rows["hardware.cores"] == "2"
    assert rows["protocol.dynamics.duration_ps"] == "10"
    assert not any("criteria" in key for key in rows)
