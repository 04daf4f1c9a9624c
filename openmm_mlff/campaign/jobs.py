"""Settings of workers for Dask and for a queue; pure."""

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


def queue_options(spec: ClusterSpec, logs: Path) -> dict[str, Any]:
    """Return dask-jobqueue arguments: one process with one thread per job, one run at a time."""
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
    """Return the environment variable of a Dask setting."""
    return "DASK_" + key.upper().replace(".", "__").replace("-", "_")
