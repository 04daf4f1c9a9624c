"""Workers of a campaign: on this machine, on a running Dask cluster, or as queue jobs.

The only module that imports Dask.
"""

import logging
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import distributed
from distributed import Client, Future, Nanny, Scheduler
from distributed.deploy.spec import SpecCluster
from distributed.scheduler import KilledWorker
from distributed.utils import silence_logging_cmgr

from openmm_mlff.campaign.spec import QUEUES, ClusterSpec
from openmm_mlff.errors import ClusterError, MissingDependencyError
from openmm_mlff.storage.text import one_line

GPU = "GPU"
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENMM_CPU_THREADS"), "1"
)
# Disables Dask's dashboard, whose port may be in use.
NO_PAGES = {"dashboard": False, "dashboard_address": ":0"}
# A run may start processes, which a daemon must not.  Dask's profiler of workers runs many times
# a second and would interrupt the integration.
QUIET_WORKER = {
    "distributed.worker.daemon": False,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.cycle": "5s",
    "distributed.admin.system-monitor.interval": "10s",
}
SUBMIT = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub"}
_GPU_DIRECTIVES = {"slurm": "--gres=gpu:1", "lsf": '-gpu "num=1"'}

POLL_SECONDS = 1.0
REPLACE_SECONDS = 10.0
LOST_SECONDS = {True: "2 minutes", False: "1 day"}
"""Time after which Dask removes a silent worker: a queue job, or a local process."""

PATIENCE_SECONDS = 600.0
"""Timeout without any worker on this machine; starting one takes seconds."""
CONNECT_SECONDS = 10.0
_HOW_TO_RESUME = "the results are kept: start the campaign again to resume it"


@dataclass(frozen=True)
class Loss:
    """A run without a result."""

    reason: str


@contextmanager
def open_cluster(
    spec: ClusterSpec, *, workers: int, logs: Path, scheduler: str | None = None
) -> Iterator[Client]:
    """Start workers or connect to a running cluster; stop everything started on exit.

    ``logs`` is a folder for the output of queue jobs; ``scheduler`` is the address of a Dask
    scheduler, which is left running.

    Raises:
        ClusterError: no scheduler answers, or this machine lacks the queue.

    Yields:
        The client.
    """
    settings = {
        "distributed.scheduler.allowed-failures": spec.lost_workers_allowed,
        # The nanny restarts a worker; if that took longer than this, Dask would remove both.
        "distributed.deploy.lost-worker-timeout": LOST_SECONDS[spec.kind in QUEUES],
    }
    local = scheduler is None and spec.kind not in QUEUES
    # Dask's log is the only place that reports jobs rejected by the queue.
    level = logging.CRITICAL if local else logging.ERROR
    quiet = silence_logging_cmgr(level, root="distributed")
    with dask.config.set(QUIET_WORKER | settings), quiet:
        if scheduler is not None:
            with _connect(scheduler) as client:
                yield client
            return
        started = _start_queue(spec, logs) if spec.kind in QUEUES else _start_local(spec, workers)
        with started as cluster, Client(cluster) as client:
            if spec.kind in QUEUES:
                cluster.scale(workers)
            yield client


def count_workers(client: Client) -> int:
    """Return the number of connected workers.

    Raises:
        ClusterError: the connection to the scheduler was lost.
    """
    try:
        return len(client.nthreads())
    except OSError as error:
        raise ClusterError(
            f"the connection to the Dask scheduler was lost ({error}); {_HOW_TO_RESUME}"
        ) from error


def run_each(
    client: Client,
    call: Callable[..., dict[str, Any]],
    arguments: Mapping[str, Mapping[str, Any]],
    *,
    gpu: bool,
    patience_seconds: float = float("inf"),
    on_wait: Callable[[int, int], None] = lambda running, workers: None,
) -> Iterator[tuple[str, dict[str, Any] | Loss]]:
    """Call a function once per key, with as many concurrent calls as there are workers.

    No more calls are submitted than there are workers, so that the death of a worker is attributed
    only to the call it was running and not to calls in its queue.

    ``arguments`` are the keywords of each call by key, ``gpu`` is whether each call needs one, and
    ``patience_seconds`` is the timeout without any worker. ``on_wait`` is called repeatedly with
    the numbers of running calls and of workers.

    Yields:
        Key and result, in order of completion.

    Raises:
        ClusterError: timeout without a worker, or the connection to the scheduler was lost.
    """
    waiting = deque(arguments)
    running: dict[Future, str] = {}
    resources = {GPU: 1} if gpu else None
    alone_since = looked_at = time.monotonic()
    while waiting or running:
        workers = count_workers(client)
        alone_since = time.monotonic() if workers else alone_since
        if time.monotonic() - alone_since > patience_seconds:
            raise ClusterError(
                f"no worker has connected for {patience_seconds:g} s; {_HOW_TO_RESUME}"
            )
        while waiting and len(running) < max(workers, 1):
            key = waiting.popleft()
            future = client.submit(
                call, **arguments[key], key=f"run-{key}", pure=False, resources=resources
            )
            running[future] = key
        on_wait(len(running), workers)
        if time.monotonic() - looked_at > REPLACE_SECONDS:
            looked_at = time.monotonic()
            if client.cluster is not None:
                # Scaling to the present number restarts workers that Dask has removed, e.g. jobs
                # that reached their walltime.
                client.cluster.scale(len(client.cluster.worker_spec))
        try:
            waited = distributed.wait(
                list(running), timeout=POLL_SECONDS, return_when="FIRST_COMPLETED"
            )
        except distributed.TimeoutError:
            continue
        for future in waited.done:
            key = running.pop(future)
            yield key, _outcome(future)
            future.release()


def _outcome(future: Future) -> dict[str, Any] | Loss:
    """Return the result of a call, or why there is none."""
    if future.status == "finished":
        return dict(future.result())
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return Loss(
            "every worker that ran it died: it crashes the process, or needs more memory or time "
            "than a worker has"
        )
    if error is None:
        return Loss("the connection to the scheduler was lost")
    return Loss(one_line(error, with_type=True))


def _connect(address: str) -> Client:
    """Connect to a running scheduler."""
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, distributed.TimeoutError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address!r} within {CONNECT_SECONDS:g} s; expected an "
            "address like tcp://HOST:8786, as dask scheduler prints it"
        ) from error


def _start_local(spec: ClusterSpec, workers: int) -> SpecCluster:
    """Start local processes with one thread each, and one GPU each if requested."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    devices = visible.split(",") if visible else [str(number) for number in range(workers)]

    def options(number: int) -> dict[str, Any]:
        environment = dict(ONE_THREAD)
        if spec.gpu:
            environment["CUDA_VISIBLE_DEVICES"] = devices[number % len(devices)]
        return {
            "nthreads": 1,
            "host": "127.0.0.1",
            "memory_limit": 0,
            "env": environment,
            "resources": {GPU: 1} if spec.gpu else None,
            "silence_logs": logging.CRITICAL,
            "dashboard": False,
            "local_directory": spec.local_directory,
        }

    return SpecCluster(
        workers={number: {"cls": Nanny, "options": options(number)} for number in range(workers)},
        scheduler={"cls": Scheduler, "options": {"host": "127.0.0.1", "port": 0, **NO_PAGES}},
        silence_logs=logging.CRITICAL,
    )


def _start_queue(spec: ClusterSpec, logs: Path) -> SpecCluster:
    """Open a queue without submitting jobs yet."""
    try:
        import dask_jobqueue
    except ImportError as error:
        raise MissingDependencyError(
            f"a cluster of kind {spec.kind!r} needs dask-jobqueue, which is not installed; "
            "run: pip install 'openmm-mlff[campaign]'"
        ) from error
    if shutil.which(SUBMIT[spec.kind]) is None:
        raise ClusterError(
            f"{spec.kind} needs the command {SUBMIT[spec.kind]}, which this machine does not have; "
            "start the campaign on a login node, or use another kind of cluster"
        )
    kinds = {
        "slurm": dask_jobqueue.SLURMCluster,
        "pbs": dask_jobqueue.PBSCluster,
        "lsf": dask_jobqueue.LSFCluster,
    }
    return kinds[spec.kind](**queue_options(spec, logs))


def queue_options(spec: ClusterSpec, logs: Path) -> dict[str, Any]:
    """Return dask-jobqueue arguments: one process with one thread per job, one run at a time."""
    exports = [f"export {name}={value}" for name, value in ONE_THREAD.items()]
    for key, value in QUIET_WORKER.items():
        variable = key.upper().replace(".", "__").replace("-", "_")
        exports.append(f"export DASK_{variable}={value}")
    directives = list(spec.job_extra_directives)
    options: dict[str, Any] = {
        "cores": 1,
        "processes": 1,
        "memory": spec.memory,
        "queue": spec.queue,
        "walltime": spec.walltime if spec.kind == "lsf" else f"{spec.walltime}:00",
        "interface": spec.interface,
        "local_directory": spec.local_directory,
        "log_directory": str(logs),
        "job_name": "openmm-mlff",
        "job_script_prologue": [*exports, *spec.job_script_prologue],
        "worker_extra_args": ["--no-dashboard"],
        "scheduler_options": dict(NO_PAGES),
        "python": spec.python,
    }
    options["project" if spec.kind == "lsf" else "account"] = spec.account
    if spec.gpu:
        options["worker_extra_args"] += ["--resources", f"{GPU}=1"]
        if spec.kind == "pbs":
            options["resource_spec"] = f"select=1:ncpus=1:ngpus=1:mem={spec.memory}"
        else:
            directives.insert(0, _GPU_DIRECTIVES[spec.kind])
    return options | {"job_extra_directives": directives}
