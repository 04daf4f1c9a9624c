"""What is written is read back; what is not there, or of another version, is said."""

import time

import pytest

from openmm_mlff.campaign.store import AttemptRecord, Store
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.run_directory import write_json


def test_a_folder_without_a_campaign_or_with_one_of_another_version_is_refused(tmp_path):
    with pytest.raises(RunDirectoryError, match=r"campaign\.json"):
        Store.open(tmp_path)
    write_json(tmp_path / "campaign.json", {"schema_version": 99})
    with pytest.raises(RunDirectoryError, match="version"):
        Store.open(tmp_path).read_campaign()


def test_what_was_asked_for_is_read_back(tmp_path):
    Store(tmp_path).write_campaign({"name": "x"}, [{"address": "a"}])
    campaign = Store.open(tmp_path).read_campaign()
    assert (campaign["spec"], campaign["cells"]) == ({"name": "x"}, [{"address": "a"}])


def test_only_a_run_with_a_verdict_and_a_report_is_done(tmp_path):
    store = Store(tmp_path)
    assert store.result("a") is None
    assert not store.is_done("a")
    store.write_result("a", {"status": "failed", "message": "broke"})
    assert not store.is_done("a")
    store.write_result("a", {"status": "done"})
    assert not store.is_done("a")
    write_json(store.report_path("a"), {})
    assert store.is_done("a")
    assert store.result("a")["finished"] <= time.time()


def test_attempts_are_in_order_and_tell_how_far_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(AttemptRecord, "EVERY_SECONDS", 0.0)
    store = Store(tmp_path)
    first = AttemptRecord(store.cell("a"))
    first.show("water", "NVE", 3, 10)
    AttemptRecord(store.cell("a")).end()
    one, two = store.attempts("a")
    assert (one.stage, one.ended) == ("water: NVE 3/10", None)
    assert two.ended >= two.started >= one.started


def test_progress_is_not_written_all_the_time(tmp_path):
    store = Store(tmp_path)
    record = AttemptRecord(store.cell("a"))
    record.show("water", "NVE", 3, 10)
    assert store.attempts("a")[0].stage == ""
