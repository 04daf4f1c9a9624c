"""What a benchmark finds: one entry for each model and system, and their JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from openmm_mlff.records import jsonable

SCHEMA_VERSION = 1
BENCHMARK_FILE = "benchmark.json"


@dataclass(frozen=True)
class Spread:
    """Median and quartiles.

    Attributes:
        median: of all blocks.
        p25: first quartile.
        p75: third quartile.
    """

    median: float
    p25: float
    p75: float


@dataclass(frozen=True)
class Timing(Spread):
    """Wall time of one step or call, ms.

    Attributes:
        blocks: mean of each block, in the order of the rounds.
    """

    blocks: tuple[float, ...]


@dataclass(frozen=True)
class BenchmarkEntry:
    """One model on one system; the fields are the keys of `benchmark.json`.

    Attributes:
        model: its spec string.
        sha256: of the file behind it, or of its spec where there is none.
        n_parameters: trainable numbers, None where that has no meaning.
        system: name of the molecule.
        n_atoms: of the molecule.
        platform: OpenMM platform.
        precision: ``single``, ``mixed`` or ``double``, as it was asked for.
        torch_device: device of ASE's path and of the model alone.
        steps_per_block: ``openmm``, ``ase`` and ``model``.
        openmm_ms_per_step: OpenMM's `VerletIntegrator`.
        ase_ms_per_step: ASE's `VelocityVerlet`.
        model_ms_per_call: energy and forces without an integrator.
        model_call: what that was a call of.
        ns_per_day: simulated through OpenMM, from the median.
        peak_resident_mebibytes: of a fresh process that ran the model through OpenMM.
        baseline_resident_mebibytes: of that process before the model was loaded: the interpreter
            with torch, OpenMM and ASE.
        peak_device_mebibytes: of that process on the CUDA device; None on other platforms.
        speedup_over_original: time of an OpenMM step of the reference model over this model's.
    """

    model: str
    sha256: str
    n_parameters: int | None
    system: str
    n_atoms: int
    platform: str
    precision: str
    torch_device: str
    steps_per_block: Mapping[str, int]
    openmm_ms_per_step: Timing
    ase_ms_per_step: Timing
    model_ms_per_call: Timing
    model_call: str
    ns_per_day: float
    peak_resident_mebibytes: float
    baseline_resident_mebibytes: float
    peak_device_mebibytes: float | None
    speedup_over_original: Spread


def benchmark_json(
    entries: Sequence[BenchmarkEntry],
    *,
    environment: Mapping[str, Any],
    method: Mapping[str, Any],
) -> dict[str, Any]:
    """Put all of `benchmark.json` together.

    Args:
        entries: what was measured so far.
        environment: the machine, see :func:`openmm_mlff.benchmark.environment.describe_machine`.
        method: how it was measured.

    Returns:
        Plain JSON values, schema version 1.
    """
    return jsonable(
        {
            "schema_version": SCHEMA_VERSION,
            "environment": environment,
            "method": method,
            "entries": [asdict(entry) for entry in entries],
        }
    )
