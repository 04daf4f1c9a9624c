"""Workers here and in queues; a queue is simulated by its commands."""

import os
import signal
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from openmm_mlff.campaign import cluster
from openmm_mlff.campaign.cluster import (
    GPU,
    SUBMIT,
    Loss,
    count_workers,
    open_cluster,
    queue_options,
    run_each,
)
from openmm_mlff.campaign.session import left_to_do, run_session
from openmm_mlff.campaign.spec import ClusterSpec
from openmm_mlff.campaign.states import read_states
from openmm_mlff.errors import ClusterError, MissingDependencyError

from . import deeds

SBATCH = """\
#!/bin/bash
# The queue takes the script at once, as the real one does: it is deleted after the call.
cp "$1" "{folder}/job.sh"
setsid bash "{folder}/job.sh" > "{folder}/job.log" 2>&1 &
echo "Submitted batch job $!"
echo $! >> "{folder}/submitted"
"""
SCANCEL = """\
#!/bin/bash
echo "$1" >> "{folder}/cancelled"
kill -TERM -- "-$1"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder with commands that do what Slurm's do, first on the PATH."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, text in (*((name, SBATCH) for name in SUBMIT.values()), ("scancel", SCANCEL)):
        path = folder / name
        path.write_text(text.format(folder=folder), encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two workers on this machine, each with a GPU of its own."""
    spec = ClusterSpec(gpu=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
        with open_cluster(spec, workers=2, logs=tmp_path_factory.mktemp("logs")) as client:
            client.wait_for_workers(2)
            patch.undo()
            yield client


def test_every_call_is_answered_each_on_a_gpu_of_its_own(client):
    calls = {str(number): {"number": number} for number in range(6)}
    seen = []
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    assert [dict(worker["resources"]) for worker in workers] == [{GPU: 1.0}] * 2
    results = dict(
        run_each(client, deeds.echo, calls, gpu=True, on_wait=lambda *counts: seen.append(counts))
    )
    assert [results[str(number)]["number"] for number in range(6)] == list(range(6))
    devices = {result["pid"]: result["device"] for result in results.values()}
    assert sorted(devices.values()) == ["4", "7"]
    assert {result["threads"] for result in results.values()} == {"1"}
    assert {result["profiled"] for result in results.values()} == {False}
    assert max(running for running, _ in seen) == 2


def test_what_a_worker_cannot_even_begin_is_a_loss(client):
    failed = dict(run_each(client, deeds.fail, {"x": {}}, gpu=False))
    assert failed == {"x": Loss("ModuleNotFoundError: no such module on this worker")}
    assert count_workers(client) == 2


def test_a_call_that_kills_its_workers_is_given_up_and_the_others_are_answered(tmp_path):
    for name in ("always", "once"):
        (tmp_path / name).mkdir()
    calls = {
        "always": {"flag": str(tmp_path / "always"), "times": 9},
        "once": {"flag": str(tmp_path / "once"), "times": 1},
    }
    with open_cluster(ClusterSpec(lost_workers_allowed=1), workers=1, logs=tmp_path) as client:
        results = dict(run_each(client, deeds.die, calls, gpu=False))
        children = dict(run_each(client, deeds.have_children, {"child": {}}, gpu=False))
    assert isinstance(results["always"], Loss)
    assert len(os.listdir(tmp_path / "always")) == 2
    assert results["once"] == {"tries": 1}
    assert children == {"child": {"code": 0}}


def job_script(spec, logs):
    """Return the script that would be submitted for each worker."""
    with cluster._start_queue(spec, logs) as queue:
        return queue.job_script()


@pytest.mark.parametrize(
    ("kind", "prefix", "asked"),
    [
        (
            "slurm",
            "#SBATCH",
            ["-p gpus", "-A chem", "--mem=8G", "-t 12:00:00", "--cpus-per-task=1", "--gres=gpu:1"],
        ),
        (
            "pbs",
            "#PBS",
            ["-q gpus", "-A chem", "-l walltime=12:00:00", "-l select=1:ncpus=1:ngpus=1:mem=8GB"],
        ),
        ("lsf", "#BSUB", ["-q gpus", '-P "chem"', "-W 12:00", '-gpu "num=1"']),
    ],
)
def test_a_queue_is_asked_for_one_process_with_one_thread_and_one_gpu(
    tmp_path, slurm, kind, prefix, asked
):
    spec = ClusterSpec(
        kind=kind,
        workers=4,
        gpu=True,
        queue="gpus",
        account="chem",
        walltime="12:00",
        memory="8GB",
        job_script_prologue=("module load cuda",),
        job_extra_directives=("--exclusive",),
    )
    script = job_script(spec, tmp_path).splitlines()
    lines = {f"{prefix} {line}" for line in (*asked, "--exclusive")}
    assert lines - set(script) == set()
    command = next(line for line in script if "dask_worker" in line)
    for option in ("--nthreads 1", "--nanny", "--resources GPU=1"):
        assert option in command
    assert {
        "export OMP_NUM_THREADS=1",
        "export DASK_DISTRIBUTED__WORKER__DAEMON=False",
        "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False",
        "module load cuda",
    } <= set(script[: script.index(command)])


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf"])
def test_without_a_gpu_none_is_asked_for_and_equal_calls_share_nothing(kind):
    spec = ClusterSpec(kind=kind, workers=1)
    options = queue_options(spec, Path("logs"))
    assert "gpu" not in str(options).lower()
    options["scheduler_options"]["host"] = "changed"
    assert "host" not in queue_options(spec, Path("logs"))["scheduler_options"]


@pytest.mark.slow
def test_a_job_that_ends_early_is_replaced_and_its_run_goes_on(campaign, slurm, monkeypatch):
    spec, cells, store = campaign(
        duration_ps=2.0, cluster={"kind": "slurm", "workers": 1, "walltime": "00:10"}
    )
    submitted = slurm / "submitted"
    killed = []

    def end_the_first_job(done, total, words):
        saved = list(store.run(cells[0].address).glob("*/nve*/state.xml"))
        if saved and not killed:
            killed.append(submitted.read_text(encoding="utf-8").split()[0])
            os.killpg(int(killed[0]), signal.SIGKILL)

    monkeypatch.setitem(cluster.LOST_SECONDS, True, "1s")
    monkeypatch.setattr(cluster, "REPLACE_SECONDS", 1.0)
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.1)
    run_session(spec, cells, store, on_progress=end_the_first_job)

    (state,) = read_states(store)
    assert (state.state, len(state.attempts), left_to_do(cells, store)) == ("done", 2, [])
    assert "#SBATCH -t 00:10:00" in (slurm / "job.sh").read_text(encoding="utf-8")
    jobs = submitted.read_text(encoding="utf-8").split()
    assert len(jobs) == 2
    # The second job ended with the campaign.
    assert jobs[1] in (slurm / "cancelled").read_text(encoding="utf-8").split()


def test_without_dask_jobqueue_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'openmm-mlff\[campaign\]'"):
        job_script(ClusterSpec(kind="slurm", workers=1), tmp_path)


def test_without_any_worker_it_is_given_up_in_time():
    client = SimpleNamespace(nthreads=dict, submit=pytest.fail)
    calls = run_each(client, deeds.echo, {"x": {"number": 1}}, gpu=False, patience_seconds=-1.0)
    with pytest.raises(ClusterError, match="no worker has connected"):
        list(calls)


@pytest.mark.parametrize(("kind", "command"), [("slurm", "sbatch"), ("pbs", "qsub")])
def test_a_machine_without_the_queue_is_told_so(tmp_path, monkeypatch, kind, command):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=f"needs the command {command}"):
        job_script(ClusterSpec(kind=kind, workers=1), tmp_path)
