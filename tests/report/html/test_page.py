import re
import shlex
from html.parser import HTMLParser

import pytest

from openmm_mlff.report.figures import report_plots
from openmm_mlff.report.html.embedding import PLOTLY, VIEWER, code_words, script_hash, vendor_script
from openmm_mlff.report.html.page import provenance_rows, report_html, request_of
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.runs import Evidence

from ..conftest import unpacked


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


@pytest.fixture(scope="module")
def outline(torn_page):
    return Outline(torn_page)


def test_the_page_is_well_formed_and_its_links_lead_somewhere(outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.sources == []
    inner = {link for link in outline.links if not link.startswith("https://doi.org/10.")}
    assert all(link.startswith("#") for link in inner)
    assert {link[1:] for link in inner} <= set(outline.ids)


def test_foreign_text_is_no_script_and_the_policy_allows_only_the_page_s_own(outline, torn_page):
    kinds = [kind for kind, _ in outline.scripts]
    assert sorted(kinds) == ["", "", *["text/plain"] * 5]
    assert "\u2028" not in "".join(text for _, text in outline.scripts)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', torn_page)[1]
    policy = policy.replace("&#39;", "'")
    own = [text for kind, text in outline.scripts if not kind]
    expected = {script_hash(text) for text in (*own, vendor_script(PLOTLY), vendor_script(VIEWER))}
    assert set(re.findall(r"'sha256-[^']*'", policy)) == expected
    assert policy.startswith("default-src 'none'")


def test_the_data_are_json_for_every_chart_and_equal_for_equal_reports(
    torn_page, torn_report, torn_evidence
):
    charts, runs = (unpacked(torn_page, name) for name in ("chart", "run"))
    assert runs[0]["failing"] is not None
    assert len(charts) == torn_page.count('class="plot"') == 4
    # The bundle of the page draws these.
    assert {trace["type"] for chart in charts for trace in chart["traces"]} <= {"scatter", "bar"}
    evidence = {"water": torn_evidence}
    plots = report_plots(evidence, torn_report)
    assert report_html(torn_report, evidence, plots=plots) == torn_page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see `energy_drift` & more", "see <code>energy_drift</code> &amp; more"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("one ` alone <", "one ` alone &lt;"),
    ],
)
def test_text_between_backticks_is_code(text, shown):
    assert code_words(text) == shown


def test_the_command_repeats_the_request_or_what_the_report_holds(make_report):
    request = ValidationRequest(
        potential="my model.pt", systems=("water", "my mol.sdf"), reference="none:why", charge=1
    )
    run = {"request": request.record()}
    assert request_of(make_report(), run=run).to_command() == request.to_command()
    words = shlex.split(request_of(make_report(name="a b"), run=None).to_command())
    assert words[:5] == ["openmm-mlff", "validate", "student:a b", "--system", "water"]


@pytest.mark.parametrize("name", ["potential", "reference", "own_calculator"])
def test_a_python_object_has_no_command_and_is_named(name, make_report, make_observations):
    request = {"potential": "ase:own:Mine", "systems": ["water"], name: "object:Mine-0123abcd"}
    observed = {"water": Evidence(make_observations().system)}

    page = report_html(make_report(), observed, run={"request": request})

    section = page.split('<section id="repeat"')[1].split("</section>")[0]
    assert "openmm-mlff validate" not in section
    assert 'id="command"' not in section
    assert "object:Mine-0123abcd" in section


def test_a_page_without_runs_has_a_picture_and_no_viewer(make_report, make_observations):
    page = report_html(make_report(), {"water": Evidence(make_observations().system)})
    assert 'id="stage"' not in page
    assert page.count('<svg class="structure"') == 1
    assert len(page) < 200_000


def test_rows_hold_model_environment_and_settings_but_no_thresholds(make_report):
    rows = dict(provenance_rows(make_report()))
    found = [rows[key] for key in ("sha256", "hardware.cores", "protocol.dynamics.duration_ps")]
    assert found == ["0123456789abcdef", "2", "10"]
    assert not any("criteria" in key for key in rows)
