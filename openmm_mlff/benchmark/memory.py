"""Peak memory of a model in OpenMM and time of its first call, in a fresh process.

A process keeps its earlier peak memory and compiled code, so each model has its own.
"""

import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import ase.md.verlet  # noqa: F401  # part of the baseline, as in the timed process
import openmm
import psutil
import torch

from openmm_mlff.benchmark.blocks import Setting, Start
from openmm_mlff.errors import SimulationError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.units import MEBIBYTE, ps_from_fs

_PROCESS_STATUS = Path("/proc/self/status")
_KIBIBYTES_PER_MEBIBYTE = 1024
_SAMPLES = 10


@dataclass(frozen=True)
class MemoryUse:
    """Memory use of the process.

    Attributes:
        baseline_resident_mebibytes: before the model was loaded.
        peak_resident_mebibytes: the maximum up to its end.
        peak_device_mebibytes: maximum in use on the CUDA device by all processes; None on other
            platforms.
        first_call_s: from loaded weights to a warm Context: export, compilation, first calls.
    """

    baseline_resident_mebibytes: float
    peak_resident_mebibytes: float
    peak_device_mebibytes: float | None
    first_call_s: float


def measure_memory(
    spec: str, setting: Setting, start: Start, *, options: PotentialOptions
) -> MemoryUse:
    """Run a model in a fresh process and return its memory use.

    On CUDA, memory in use before the process started is subtracted.

    Raises:
        SimulationError: the process failed.
    """
    # The first query creates the CUDA context of this process, which must not count.
    in_use_before = _device_mebibytes() if setting.platform.name == "CUDA" else 0.0
    with (
        tempfile.TemporaryDirectory(prefix="openmm-mlff-") as cache,
        ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_use_cache, initargs=(cache,)
        ) as process,
    ):
        try:
            use = process.submit(run_and_sample, spec, setting, start, options=options).result()
        # A process that was killed is a RuntimeError, too.
        except (RuntimeError, MemoryError, openmm.OpenMMException) as error:
            raise SimulationError(
                f"the process that measures the memory of {spec} on {setting.molecule.name} failed "
                f"({type(error).__name__}: {error}); if it was killed, free memory and try again"
            ) from error
    if use.peak_device_mebibytes is None:
        return use
    return replace(use, peak_device_mebibytes=max(use.peak_device_mebibytes - in_use_before, 0.0))


def _use_cache(folder: str) -> None:
    """Compile into an empty folder: code of an earlier run would make the first call faster."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder


def run_and_sample(
    spec: str, setting: Setting, start: Start, *, options: PotentialOptions
) -> MemoryUse:
    """Run a model in this process and return its memory use; the peak is since process start."""
    torch.set_num_threads(setting.plan.threads)
    baseline = psutil.Process().memory_info().rss / MEBIBYTE
    potential = load_potential(spec, options=options)
    started = time.perf_counter()
    simulation = make_simulation(
        potential.create_system(setting.molecule, precision=setting.precision),
        setting.molecule,
        openmm.VerletIntegrator(ps_from_fs(setting.plan.timestep_fs)),
        platform=setting.platform,
        positions_angstrom=start.positions_angstrom,
    )
    first_call_s = time.perf_counter() - started
    device: list[float] = []
    steps = setting.plan.memory_steps
    block = -(-steps // _SAMPLES)
    for done in range(0, steps, block):
        step_watched(simulation, min(block, steps - done))
        if setting.platform.name == "CUDA":
            device.append(_device_mebibytes())
    return MemoryUse(baseline, peak_resident_mebibytes(), max(device, default=None), first_call_s)


def peak_resident_mebibytes() -> float:
    """Return the peak resident memory of this process, MiB."""
    # ru_maxrss is the fallback: on Linux it includes the parent process before exec.
    if _PROCESS_STATUS.exists():
        for line in _PROCESS_STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / _KIBIBYTES_PER_MEBIBYTE
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    return peak / (MEBIBYTE if sys.platform == "darwin" else _KIBIBYTES_PER_MEBIBYTE)


def _device_mebibytes() -> float:
    """Return the memory in use on the CUDA device, MiB, including that of OpenMM."""
    free, total = torch.cuda.mem_get_info()
    return (total - free) / MEBIBYTE
