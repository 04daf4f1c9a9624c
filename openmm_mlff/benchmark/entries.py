"""Results of a benchmark; the fields are the keys of `benchmark.json`."""

from collections.abc import Mapping
from dataclasses import dataclass

SCHEMA_VERSION = 1
BENCHMARK_FILE = "benchmark.json"


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

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
class Ratio:
    """Median over the rounds of the ratio of two times, and the 95 % interval of the median."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Skipped:
    """A requested measurement that was not possible, and the reason in one sentence."""

    model: str
    backend: str
    system: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model with one backend on one system and platform.

    Attributes:
        backend: ``native`` where the potential has no choice.
        n_atoms: of one replica.
        precision: ``single``, ``mixed`` or ``double``, as requested.
        threads: of torch and of OpenMM's CPU platform.
        ns_per_day: with OpenMM, from the median, summed over replicas.
    """

    model: str
    backend: str
    system: str
    n_atoms: int
    platform: str
    precision: str
    threads: int
    ns_per_day: float


@dataclass(frozen=True, kw_only=True)
class ReplicaEntry(Entry):
    """Several replicas in one Context.

    Attributes:
        ms_per_step: of all replicas together.
        ms_per_replica_step: `ms_per_step` divided by the number of replicas.
        gain: time per step of a single system over `ms_per_replica_step`.
    """

    replicas: int
    ms_per_step: Timing
    ms_per_replica_step: Timing
    gain: Ratio


@dataclass(frozen=True, kw_only=True)
class BenchmarkEntry(Entry):
    """A single system.

    Attributes:
        torch_device: device of the model alone.
        steps_per_block: by kind.
        reporters_ms_per_step: an OpenMM step with energies and frames written.
        ase_ms_per_step: the same for all backends.
        model_ms_per_call: energy and forces without an integrator.
        model_call: description of that call.
        peak_resident_mebibytes: of a fresh process that ran the model with OpenMM.
        baseline_resident_mebibytes: of that process before the model was loaded.
        peak_device_mebibytes: of that process on the CUDA device; None on other platforms.
        first_call_s: from loaded weights to a warm Context in that process, without caches.
        speedup_over_original: time per OpenMM step of the reference model, with the same backend
            where available, over that of this model.
        ratios: see :func:`openmm_mlff.benchmark.comparison.entry_ratios`.
        fastest: whether this is the fastest backend of the model on this system and platform.
    """

    sha256: str
    n_parameters: int | None
    torch_device: str
    steps_per_block: Mapping[str, int]
    openmm_ms_per_step: Timing
    reporters_ms_per_step: Timing
    ase_ms_per_step: Timing
    model_ms_per_call: Timing
    model_call: str
    peak_resident_mebibytes: float
    baseline_resident_mebibytes: float
    peak_device_mebibytes: float | None
    first_call_s: float
    speedup_over_original: Spread
    ratios: Mapping[str, Ratio]
    fastest: bool
