"""One run in this process: done, done before, broken."""

import os

from openmm_mlff.campaign import worker
from openmm_mlff.campaign.worker import run_cell
from openmm_mlff.storage.run_directory import write_json
from openmm_mlff.students.shipped import shipped_path


def run(cell, store, folder):
    return run_cell(cell, root=str(store.root), working_folder=str(folder))


def test_a_run_leaves_its_verdict_its_report_and_its_attempt(campaign, tmp_path):
    before = os.getcwd()
    _, (cell,), store = campaign(temperatures_kelvin=[350])
    result = run(cell, store, tmp_path)
    assert result["status"] == "done"
    assert result.items() <= store.result(cell.address).items()
    assert result["verdict"] in ("INCONCLUSIVE", "REJECTED")
    report = store.report(cell.address)
    assert {check.id for check in report.checks} == {"stability", "energy_drift", "speed"}
    assert report.checks[0].condition["temperature_kelvin"] == 350.0
    assert report.verdict.status.value == result["verdict"]
    (attempt,) = store.attempts(cell.address)
    assert attempt.ended > attempt.started
    assert os.getcwd() == before
    # Taken up again, it is not run again.
    run(cell, store, tmp_path)
    assert len(store.attempts(cell.address)) == 1


def test_what_breaks_is_a_result_with_its_traceback(campaign, tmp_path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(shipped_path("ultra-tiny").read_bytes())
    _, cells, store = campaign(models=[str(broken)])
    broken.write_bytes(b"no model")
    result = run(cells[0], store, tmp_path)
    assert result["status"] == "failed"
    assert result["message"].startswith("CheckpointError: ")
    assert "Traceback" in result["traceback"]
    assert not store.is_done(cells[0].address)


def test_relative_paths_start_where_the_campaign_was_started(campaign, tmp_path, monkeypatch):
    model = tmp_path / "model.safetensors"
    model.write_bytes(shipped_path("ultra-tiny").read_bytes())
    monkeypatch.chdir(tmp_path)
    _, (cell,), store = campaign(models=["model.safetensors"])
    model.write_bytes(b"no model")
    monkeypatch.chdir("/")
    assert "not there" not in run(cell, store, tmp_path)["message"]
    assert os.getcwd() == "/"


def test_an_unfinished_run_under_another_spelling_is_begun_anew(campaign, tmp_path):
    _, (cell,), store = campaign()
    left = store.run(cell.address)
    asked = cell.request.record()
    for request, stays in ((asked | {"potential": "elsewhere/model.pt"}, False), (asked, True)):
        write_json(left / "run.json", {"request": request})
        worker._clear_other_spelling(cell, left)
        assert left.exists() == stays
