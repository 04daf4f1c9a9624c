"""Versions and hardware of this machine."""

import importlib.metadata
import os
import platform as host
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

from openmm_mlff.isolation.cores import THREADS_VARIABLE, usable_cores

_PACKAGES = (
    "openmm_mlff",
    "openmm",
    "acellera-openmmtorch-cu13",
    "torch",
    "numpy",
    "ase",
    "mdtraj",
    "openmmml",
    "vesin-torch",
    "rdkit",
    "physical_validation",
    "tblite",
)


def installed_versions(also: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of the installed packages that affect results, and of those in `also`."""
    versions = {}
    for package in dict.fromkeys((*_PACKAGES, *also)):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def one_torch_thread() -> AbstractContextManager[None]:
    """Limit torch to one thread within a block.

    The tensors of a molecule are too small for several threads: these gain nothing, and they wait
    for each other if another process uses a core.
    """
    return _torch_threads(1)


def all_torch_threads() -> AbstractContextManager[None]:
    """Use all usable cores in torch, or ``OMP_NUM_THREADS`` if set, for large batches."""
    allowed = os.environ.get(THREADS_VARIABLE, "")
    own = int(allowed) if allowed.isdigit() else 0
    return _torch_threads(own or usable_cores() or 1)


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def gpu_count() -> int:
    """Return the number of CUDA devices that this process may use."""
    return torch.cuda.device_count()


def cpu_model() -> str:
    """Return the name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2] for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0].strip() if names else host.processor() or "unknown"


def describe_environment(*, precision: str, packages: Iterable[str] = ()) -> dict[str, Any]:
    """Return versions and hardware as plain values for `run.json` and `report.json`."""
    versions = installed_versions(packages)
    return {
        "openmm": versions.get("openmm"),
        "torch": versions.get("torch"),
        "precision": precision,
        "versions": versions,
        "python": host.python_version(),
        "system": f"{host.system()} {host.machine()}",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
