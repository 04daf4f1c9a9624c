"""What a worker is to Dask and to a queue; pure."""

from pathlib import Path
from typing import Any

from openmm_mlff.campaign.spec import ClusterSpec

GPU = "GPU"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENMM_CPU_THREADS": "1",
}
# Dask's own pages, which would want a port that may be taken.
NO_PAGES = {"dashboard": False, "dashboard_address": ":0"}
# A run may start processes of its own, which a daemon is not allowed to.  And what Dask watches its
# workers by, many times a second, would take the interpreter from the run between its steps.
QUIET_WORKER = {
    "distributed.worker.daemon": False,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.cycle": "5s",
    "distributed.admin.system-monitor.interval": "10s",
}
SUBMIT = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub"}
_GPU_DIRECTIVES = {"slurm": "--gres=gpu:1", "lsf": '-gpu "num=1"'}


def queue_options(spec: ClusterSpec, logs: Path) -> dict[str, Any]:
    """Say to dask-jobqueue what a job is: one process with one thread, for one run at a time.

    Args:
        spec: of a queue.
        logs: folder for what the jobs print.

    Returns:
        Arguments of its cluster of that kind.
    """
    exports = [f"export {name}={value}" for name, value in ONE_THREAD.items()]
    exports += [f"export {_variable(key)}={value}" for key, value in QUIET_WORKER.items()]
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


def _variable(key: str) -> str:
    """Name the variable by which a setting of Dask's is given to a process."""
    return "DASK_" + key.upper().replace(".", "__").replace("-", "_")
