"""Campaigns on a real Dask cluster of several processes, with workers killed in mid-run."""

import datetime

import pytest

from openmm_mlff import validate
from openmm_mlff.campaign import session
from openmm_mlff.campaign.session import left_to_do, run_session, workers_for
from openmm_mlff.campaign.spec import ClusterSpec
from openmm_mlff.campaign.states import read_states
from openmm_mlff.errors import ClusterError, ConfigError
from openmm_mlff.storage.run_directory import read_json
from openmm_mlff.students.shipped import shipped_path

STREAM = "water/nve_300K_0.5fs_r0/energies.csv"


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_a_broken_model_stops_no_other(
    campaign, run_with_a_kill, springs, tmp_path
):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(shipped_path("tiny").read_bytes())
    models = [springs, str(broken)]
    spec, cells, store = campaign(duration_ps=2.0, models=models, cluster={"workers": 2})
    broken.write_bytes(b"no model at all")
    killed = run_with_a_kill(spec, cells, store)

    states = read_states(store)
    assert len(killed) == 1
    good, bad = ([one for one in states if one.model == model] for model in models)
    assert [one.state for one in good] == ["done"]
    assert [one.state for one in bad] == ["failed"]
    assert all("CheckpointError" in one.message for one in bad)
    for one in good:
        assert len(one.attempts) == 2
        # The second worker took the run up; it did not start it.
        run = read_json(store.run(one.address) / "run.json")
        assert datetime.datetime.fromisoformat(run["started"]).timestamp() < one.attempts[1].started
        assert run["status"] == "complete"

    asked = {"systems": ["water"], "reference": "none", "platform": "Reference"}
    protocol, output = str(tmp_path / "tiny.toml"), tmp_path / "bare"
    validate(springs, protocol=protocol, output=output, **asked)
    bare = (output / STREAM).read_bytes()
    assert (store.run(cells[0].address) / STREAM).read_bytes() == bare
    # Started again, what has a verdict is not run; what failed is.
    assert {cell.request.potential for cell in left_to_do(cells, store)} == {str(broken)}


def test_a_run_of_a_running_scheduler_takes_its_workers(campaign):
    from distributed import Nanny, Scheduler
    from distributed.deploy.spec import SpecCluster

    worker = {"cls": Nanny, "options": {"nthreads": 2, "host": "127.0.0.1", "dashboard": False}}
    options = {"host": "127.0.0.1", "port": 0, "dashboard_address": ":0"}
    spec, cells, store = campaign()
    with SpecCluster(
        workers={0: worker}, scheduler={"cls": Scheduler, "options": options}
    ) as running:
        run_session(spec, cells, store, scheduler=running.scheduler_address)
        assert running.scheduler.workers
    assert [one.state for one in read_states(store)] == ["done"]
    assert left_to_do(cells, store) == []


def test_no_scheduler_there_is_said_in_one_line(campaign, monkeypatch):
    from openmm_mlff.campaign import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    spec, cells, store = campaign()
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run_session(spec, cells, store, scheduler="tcp://127.0.0.1:9")


def test_equal_content_is_run_once(campaign, tmp_path):
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(shipped_path("ultra-tiny").read_bytes())
    _, cells, store = campaign(models=["student:ultra-tiny", str(copy)])
    assert cells[0].address == cells[1].address
    assert left_to_do(cells, store) == [cells[0]]


def test_what_failed_is_left_to_do_and_what_is_done_is_not(campaign, finish):
    _, cells, store = campaign(seeds=[1, 2, 3])
    finish(store, cells[0].address)
    store.write_result(cells[1].address, {"status": "failed", "message": "broke"})
    assert left_to_do(cells, store) == cells[1:]


@pytest.mark.parametrize(
    ("table", "cells", "expected"),
    [
        ({"workers": 4}, 9, 4),
        ({"workers": 4}, 2, 2),
        ({"kind": "slurm", "workers": 8}, 5, 5),
        ({"gpu": True}, 9, 3),
        ({"gpu": True, "workers": 8}, 9, 3),
        # One a core.
        ({}, 9, 5),
    ],
)
def test_no_more_workers_than_runs_gpus_or_cores(table, cells, expected, monkeypatch):
    monkeypatch.setattr(session, "gpu_count", lambda: 3)
    monkeypatch.setattr(session, "usable_cores", lambda: 5)
    assert workers_for(ClusterSpec(**table), n_cells=cells) == expected


def test_a_gpu_that_is_not_there_is_asked_for(monkeypatch):
    monkeypatch.setattr(session, "gpu_count", lambda: 0)
    with pytest.raises(ConfigError, match="GPU"):
        workers_for(ClusterSpec(gpu=True), n_cells=2)
