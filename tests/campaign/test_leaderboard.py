"""All runs of a model as one report, and the page that compares the models."""

import json
import re

import pytest

from openmm_mlff.campaign.leaderboard import ranked_reports, write_leaderboard
from openmm_mlff.campaign.states import read_states
from openmm_mlff.results import Status, VerdictStatus

MODELS = ["student:original", "student:tiny", "student:ultra-tiny", "absent.pt"]
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def ranked(campaign, finish):
    """Reports and links of four models on two molecules with two seeds."""
    _, cells, store = campaign(models=MODELS, systems=["water", "methane"], seeds=[1, 2])
    for cell in cells[:-2]:
        seed = cell.request.seed
        if cell.request.potential == "student:tiny":
            finish(store, cell.address, values={"force_accuracy": 0.2})
        elif cell.request.potential == "student:original":
            bad = {"verdict": "REJECTED", "failed": ["energy_drift"]} if seed == 2 else {}
            finish(store, cell.address, values={"energy_drift": 1.5 * (seed - 1)}, **bad)
        elif seed == 1:
            finish(store, cell.address)
    return ranked_reports(read_states(store), store)


def test_models_are_sorted_by_verdict_and_accuracy(ranked):
    reports, links = ranked
    assert [report.model.name for report in reports] == [
        "student:tiny",
        "student:ultra-tiny",
        "absent.pt",
        "student:original",
    ]
    assert [bool(link) for link in links] == [True, True, False, True]


def test_the_most_severe_run_decides(ranked):
    original = ranked[0][3]
    assert original.verdict.status is VerdictStatus.REJECTED
    (drift,) = (check for check in original.checks if check.id == "energy_drift")
    assert (drift.status, drift.value) == (Status.FAIL, 1.5)
    assert len(original.checks) == 3


def test_a_model_with_missing_runs_is_not_approved(ranked):
    tiny, ultra_tiny, absent, _ = ranked[0]
    assert tiny.verdict.status is VerdictStatus.APPROVED
    for report, missing in ((ultra_tiny, 2), (absent, 4)):
        assert report.verdict.status is VerdictStatus.INCONCLUSIVE
        assert len(report.verdict.reasons) == missing
    assert "no such file: absent.pt" in str(absent.verdict.reasons[0])
    assert (len(ultra_tiny.checks), len(absent.checks)) == (3, 0)


def test_the_page_is_one_file_and_escapes_foreign_text(campaign, finish):
    evil = {"spec": "student:tiny", "label": EVIL}
    _, cells, store = campaign(models=["student:original", evil], systems=["water", "methane"])
    finish(store, cells[0].address)
    finish(store, cells[1].address, verdict="REJECTED", failed=["energy_drift"])
    store.write_result(cells[2].address, {"status": "failed", "message": f"broke: {EVIL}"})
    path = write_leaderboard(read_states(store), store, name="tests")
    page = path.read_text(encoding="utf-8")
    # The page's own: the theme, what it does, and its packed data.
    assert page.count("<script") == 5
    assert EVIL not in page
    links = re.findall(r'(?:src|href)="([^#"][^"]*)"', page)
    assert len(links) == 2
    for link in links:
        assert re.fullmatch(r"cells/[0-9a-f]+/run/report\.md", link)
        assert (store.root / link).is_file()
    table = json.loads((store.root / "leaderboard.json").read_text(encoding="utf-8"))
    assert [one["label"] for one in table["models"]] == ["student:original", EVIL]
    assert [one["state"] for one in table["runs"]] == ["done", "done", "failed", "waiting"]


def test_before_anything_has_run_the_page_is_written(campaign):
    _, _, store = campaign()
    assert write_leaderboard(read_states(store), store, name="tests").is_file()
