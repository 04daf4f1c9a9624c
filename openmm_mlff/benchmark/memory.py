"""Peak memory of a model in OpenMM and time of its first call, in a fresh process.

A process keeps its earlier peak memory and compiled code, so each model is measured with::

    python -m openmm_mlff.benchmark.memory REQUEST.json RESULT.json
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import ase.md.verlet  # noqa: F401  # part of the baseline, as in the timed process
import openmm
import psutil
import torch

from openmm_mlff.errors import SimulationError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import molecule_from_json, molecule_to_json, read_json, write_json
from openmm_mlff.simulation import PlatformChoice, make_simulation
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.units import MEBIBYTE, ps_from_fs

_PROCESS_STATUS = Path("/proc/self/status")
_KIBIBYTES_PER_MEBIBYTE = 1024
_LOOKS = 10


@dataclass(frozen=True)
class MemoryRequest:
    """What the fresh process runs.

    Attributes:
        molecule: with its initial geometry.
        precision: of the weights.
        threads: of torch.
    """

    spec: str
    options: PotentialOptions
    molecule: MolecularSystem
    platform: PlatformChoice
    precision: str
    timestep_fs: float
    steps: int
    threads: int


@dataclass(frozen=True)
class MemoryUse:
    """Memory use of the process.

    Attributes:
        baseline_resident_mebibytes: before the model was loaded.
        peak_resident_mebibytes: the maximum up to its end.
        device_mebibytes: maximum in use on the CUDA device by all processes; None on other
            platforms.
        first_call_s: from loaded weights to a warm Context: export, compilation, first calls.
    """

    baseline_resident_mebibytes: float
    peak_resident_mebibytes: float
    device_mebibytes: float | None
    first_call_s: float


def measure_memory(request: MemoryRequest) -> MemoryUse:
    """Run a model in a fresh process and return its memory use.

    On CUDA, memory in use before the process started is subtracted.

    Raises:
        SimulationError: the process failed.
    """
    on_device = request.platform.name == "CUDA"
    # The first query creates the CUDA context of this process, which must not count.
    in_use_before = _device_mebibytes() if on_device else 0.0
    with tempfile.TemporaryDirectory(prefix="openmm-mlff-") as folder:
        asked, found = Path(folder) / "request.json", Path(folder) / "result.json"
        write_json(asked, _request_to_json(request))
        _run_child(asked, found, request=request)
        use = MemoryUse(**read_json(found))
    if use.device_mebibytes is None:
        return use
    return replace(use, device_mebibytes=max(use.device_mebibytes - in_use_before, 0.0))


def _run_child(asked: Path, found: Path, *, request: MemoryRequest) -> None:
    package_root = str(Path(__file__).resolve().parents[2])
    search_path = os.pathsep.join(
        part for part in (package_root, os.environ.get("PYTHONPATH", "")) if part
    )
    finished = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(asked), str(found)],
        # Code compiled by an earlier run would make the first call appear fast.
        env=os.environ
        | {"PYTHONPATH": search_path, "TORCHINDUCTOR_CACHE_DIR": str(found.with_suffix(".cache"))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if finished.returncode or not found.exists():
        lines = finished.stderr.strip().splitlines() or ["no message"]
        raise SimulationError(
            f"the process that measures the memory of {request.spec} on {request.molecule.name} "
            f"ended with code {finished.returncode} ({lines[-1]}); expected 0; "
            "if it was killed, free memory and try again"
        )


def run_and_look(request: MemoryRequest) -> MemoryUse:
    """Run a model in this process and return its memory use; the peak is since process start."""
    torch.set_num_threads(request.threads)
    baseline = psutil.Process().memory_info().rss / MEBIBYTE
    molecule = request.molecule
    potential = load_potential(request.spec, options=request.options)
    started = time.perf_counter()
    simulation = make_simulation(
        potential.create_system(molecule, precision=request.precision),
        molecule,
        openmm.VerletIntegrator(ps_from_fs(request.timestep_fs)),
        platform=request.platform,
        positions_angstrom=molecule.positions_angstrom,
    )
    first_call_s = time.perf_counter() - started
    device: list[float] = []
    block = -(-request.steps // _LOOKS)
    for done in range(0, request.steps, block):
        step_watched(simulation, min(block, request.steps - done))
        if request.platform.name == "CUDA":
            device.append(_device_mebibytes())
    return MemoryUse(
        baseline, peak_resident_mebibytes(), max(device, default=None), first_call_s=first_call_s
    )


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


def _request_to_json(request: MemoryRequest) -> dict:
    platform = {"name": request.platform.name, "properties": dict(request.platform.properties)}
    changed = {
        "molecule": molecule_to_json(request.molecule),
        "platform": platform,
        "options": request.options.model_dump(mode="json"),
    }
    plain = ("spec", "precision", "timestep_fs", "steps", "threads")
    return {name: getattr(request, name) for name in plain} | changed


def _request_from_json(table: dict) -> MemoryRequest:
    changed = {
        "molecule": molecule_from_json(table["molecule"]),
        "platform": PlatformChoice(**table["platform"]),
        "options": PotentialOptions.model_validate(table["options"]),
    }
    return MemoryRequest(**table | changed)


def main(arguments: list[str]) -> None:
    """Read a request, run it and write the result, at the two paths given."""
    asked, found = (Path(argument) for argument in arguments)
    write_json(found, asdict(run_and_look(_request_from_json(read_json(asked)))))


if __name__ == "__main__":
    main(sys.argv[1:])
