"""Results of a benchmark: one entry for each model, backend, system and platform."""

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
    """Ratio of two times, computed per round.

    Attributes:
        median: over the rounds.
        low: lower end of the 95 % interval of the median.
        high: upper end of the 95 % interval of the median.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class PeerEntry:
    """Result of a peer on one system.

    Attributes:
        peer: spec, or ``torch-sim: MODEL``.
        call: description of what was timed.
        ms_per_call: None where it was skipped.
        skipped: the reason; empty where it was measured.
    """

    peer: str
    system: str
    n_atoms: int
    call: str
    ms_per_call: Timing | None
    skipped: str = ""


@dataclass(frozen=True)
class ReplicaEntry:
    """Replicas of one system in one Context, with one model and backend.

    Attributes:
        n_atoms: of one replica.
        precision: as requested.
        threads: of torch and of OpenMM's CPU platform.
        ms_per_step: of all replicas together.
        ms_per_replica_step: `ms_per_step` divided by the number of replicas.
        ns_per_day: summed over the replicas.
        gain: time per step of a single system over `ms_per_replica_step`.
    """

    model: str
    backend: str
    system: str
    n_atoms: int
    platform: str
    precision: str
    threads: int
    replicas: int
    ms_per_step: Timing
    ms_per_replica_step: Timing
    ns_per_day: float
    gain: Ratio


@dataclass(frozen=True)
class BenchmarkEntry:
    """One model with one backend on one system; the fields are the keys of `benchmark.json`.

    Attributes:
        backend: ``native`` where the potential has no choice.
        sha256: of the model's file, or of its spec where there is none.
        n_parameters: trainable parameters, None where that has no meaning.
        precision: ``single``, ``mixed`` or ``double``, as requested.
        torch_device: device of the model alone.
        threads: of torch and of OpenMM's CPU platform.
        threads_chosen: whether they were selected by measurement.
        steps_per_block: by kind.
        openmm_ms_per_step: OpenMM's `VerletIntegrator`.
        reporters_ms_per_step: the same with energies and frames written.
        ase_ms_per_step: ASE's `VelocityVerlet`, the same for all backends.
        model_ms_per_call: energy and forces without an integrator.
        model_call: description of that call.
        ns_per_day: with OpenMM, from the median.
        peak_resident_mebibytes: of a fresh process that ran the model with OpenMM.
        baseline_resident_mebibytes: of that process before the model was loaded: the interpreter
            with torch, OpenMM and ASE.
        peak_device_mebibytes: of that process on the CUDA device; None on other platforms.
        first_call_s: from loaded weights to a warm Context in that process, without caches.
        speedup_over_original: time per OpenMM step of the reference model, with the same backend
            where available, over that of this model.
        ratios: see :func:`openmm_mlff.benchmark.ratios.entry_ratios`.
        fastest: whether this is the fastest backend of the model on this system and platform.
    """

    model: str
    backend: str
    sha256: str
    n_parameters: int | None
    system: str
    n_atoms: int
    platform: str
    precision: str
    torch_device: str
    threads: int
    threads_chosen: bool
    steps_per_block: Mapping[str, int]
    openmm_ms_per_step: Timing
    reporters_ms_per_step: Timing
    ase_ms_per_step: Timing
    model_ms_per_call: Timing
    model_call: str
    ns_per_day: float
    peak_resident_mebibytes: float
    baseline_resident_mebibytes: float
    peak_device_mebibytes: float | None
    first_call_s: float
    speedup_over_original: Spread
    ratios: Mapping[str, Ratio]
    fastest: bool
