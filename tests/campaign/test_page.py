"""The page says what the runs say, needs no other file, and lets no text become HTML."""

import html.parser
import json
import re

import pytest

from openmm_mlff.campaign.page import duration_text, write_campaign_report
from openmm_mlff.results import VerdictStatus

EVIL = "<script>alert(1)</script>"


class Reader(html.parser.HTMLParser):
    """Collects tags, links and visible text.

    Args:
        text: of the page.
    """

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.words += data.split()


@pytest.fixture
def report(campaign, finish):
    """Of two models on two molecules: one good, one that says evil things, one run to come."""
    evil = {"spec": "student:tiny", "label": EVIL}
    _, cells, store = campaign(models=["student:original", evil], systems=["water", "methane"])
    finish(store, cells[0].address)
    finish(store, cells[1].address, verdict="REJECTED", failed=["energy_drift"])
    store.write_result(cells[2].address, {"status": "failed", "message": f"broke: {EVIL}"})
    (store.run(cells[0].address)).mkdir(parents=True)
    (store.run(cells[0].address) / "report.md").write_text("# report", encoding="utf-8")
    return write_campaign_report(store)


def test_the_page_needs_no_other_file_and_holds_no_foreign_html(report):
    page = Reader(report.page.read_text(encoding="utf-8"))
    assert page.tags.count("script") == 1
    assert EVIL.split()[0] not in page.tags
    images = [one for one in page.sources if one.startswith("data:image/png;base64,")]
    links = [one for one in page.sources if not one.startswith("data:")]
    assert len(images) == 1
    assert len(links) == 1
    assert re.fullmatch(r"cells/[0-9a-f]+/run/report\.md", links[0])
    assert (report.page.parent / links[0]).is_file()


def test_the_page_says_what_the_runs_say(report):
    page = Reader(report.page.read_text(encoding="utf-8"))
    text = " ".join(page.words)
    assert report.verdict is VerdictStatus.REJECTED
    for said in ("APPROVED", "REJECTED", "FAILED", "WAITING", "1 of 2", f"broke: {EVIL}"):
        assert said in text
    assert "an overhead of" in text


def test_the_leaderboard_is_there_as_json(report):
    table = json.loads((report.page.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert (table["verdict"], table["label"]) == ("REJECTED", "REJECTED")
    assert [one["model"] for one in table["models"]] == ["student:original", EVIL]
    assert table["models"][0]["verdicts"]["APPROVED"] == 1
    assert [one["state"] for one in table["runs"]] == ["done", "done", "failed", "waiting"]


def test_before_anything_has_run_the_page_says_so(campaign):
    _, _, store = campaign()
    report = write_campaign_report(store)
    text = report.page.read_text(encoding="utf-8")
    assert report.verdict is VerdictStatus.INCONCLUSIVE
    assert "No run has ended yet." in text
    assert "No model has both numbers yet" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (42.4, "42 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_durations_are_written_for_people(seconds, text):
    assert duration_text(seconds) == text
