"""How far every run is, from what was left."""

import pytest

from openmm_mlff.campaign.states import overall, overall_label, read_states, states_of
from openmm_mlff.campaign.store import AttemptRecord, Store
from openmm_mlff.results import VerdictStatus
from openmm_mlff.storage.run_directory import read_json, write_json


def test_a_run_waits_begins_and_ends(campaign, finish):
    _, (cell,), store = campaign()
    assert read_states(store)[0].state == "waiting"
    AttemptRecord(store.cell(cell.address))
    assert read_states(store)[0].state == "begun"
    assert 0.0 <= read_states(store)[0].silent_seconds() < 60.0
    finish(store, cell.address, verdict="REJECTED", failed=["energy_drift"])
    (state,) = read_states(store)
    assert (state.state, state.verdict) == ("done", VerdictStatus.REJECTED)
    assert state.message.endswith("because of energy_drift")


@pytest.mark.parametrize("status", ["failed", "lost"])
def test_a_run_without_a_verdict_says_why_until_it_is_taken_up_again(campaign, status):
    _, (cell,), store = campaign()
    AttemptRecord(store.cell(cell.address))
    store.write_result(cell.address, {"status": status, "message": "it broke"})
    (state,) = read_states(store)
    assert (state.state, state.message, state.has_failed) == (status, "it broke", True)
    AttemptRecord(store.cell(cell.address))
    assert read_states(store)[0].state == "begun"


def test_a_model_that_is_not_there_is_unusable(campaign):
    _, _, store = campaign(models=["absent.pt", "student:tiny"])
    first, second = read_states(store)
    assert (first.state, second.state) == ("unusable", "waiting")
    assert "no such file: absent.pt" in first.message


def test_before_a_campaign_was_started_everything_waits(campaign, tmp_path):
    _, cells, _ = campaign()
    states = states_of([cell.row() for cell in cells], Store(tmp_path / "nowhere"))
    assert [state.state for state in states] == ["waiting"]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["APPROVED", "APPROVED"], "APPROVED"),
        (["APPROVED", "INCONCLUSIVE"], "INCONCLUSIVE"),
        (["INCONCLUSIVE", "REJECTED"], "REJECTED"),
        (["APPROVED", None], "INCONCLUSIVE"),
        (["REJECTED", None], "REJECTED"),
    ],
)
def test_what_was_not_judged_is_not_approved(campaign, finish, verdicts, expected):
    _, cells, store = campaign(seeds=[1, 2])
    for cell, verdict in zip(cells, verdicts, strict=True):
        if verdict:
            finish(store, cell.address, verdict=verdict)
    assert overall(read_states(store)).value == expected


def test_an_approval_as_sound_alone_says_so(campaign, finish):
    _, (cell,), store = campaign()
    finish(store, cell.address, label="APPROVED as sound")
    states = read_states(store)
    assert states[0].label == overall_label(states) == "APPROVED as sound"


def test_a_result_of_another_version_is_run_again(campaign, finish):
    _, (cell,), store = campaign()
    finish(store, cell.address)
    path = store.cell(cell.address) / "result.json"
    write_json(path, read_json(path) | {"schema_version": 1})
    assert store.result(cell.address) is None
