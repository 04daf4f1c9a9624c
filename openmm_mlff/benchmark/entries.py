"""What a benchmark finds: one entry for each model, backend, system and platform."""

from collections.abc import Mapping
from dataclasses import dataclass

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
class Ratio:
    """Ratio of two times, taken round by round.

    Attributes:
        median: of the rounds.
        low: lower end of the median's 95 % interval.
        high: its upper end.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class PeerEntry:
    """What was measured beside the models on one system.

    Attributes:
        peer: spec string, or ``torch-sim: MODEL``.
        system: name of the molecule.
        n_atoms: of the molecule.
        call: what was timed.
        ms_per_call: None where it was skipped.
        skipped: why; empty where it was measured.
    """

    peer: str
    system: str
    n_atoms: int
    call: str
    ms_per_call: Timing | None
    skipped: str = ""


@dataclass(frozen=True)
class ReplicaEntry:
    """Replicas of one system in one Context, by one model and backend.

    Attributes:
        model: its spec string.
        backend: how OpenMM runs it.
        system: name of the molecule.
        n_atoms: of one replica.
        platform: OpenMM platform.
        precision: as it was asked for.
        threads: of torch and of OpenMM's CPU platform.
        replicas: how many step together.
        ms_per_step: of all together.
        ms_per_replica_step: that, divided by their number.
        ns_per_day: simulated by all together.
        gain: time of a step of one alone over `ms_per_replica_step`.
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
    """One model, by one backend, on one system; the fields are the keys of `benchmark.json`.

    Attributes:
        model: its spec string.
        backend: how OpenMM runs it; ``native`` where the potential has no choice.
        sha256: of the file behind it, or of its spec where there is none.
        n_parameters: trainable numbers, None where that has no meaning.
        system: name of the molecule.
        n_atoms: of the molecule.
        platform: OpenMM platform.
        precision: ``single``, ``mixed`` or ``double``, as it was asked for.
        torch_device: device of the model alone.
        threads: of torch and of OpenMM's CPU platform.
        threads_chosen: whether they were chosen by measurement.
        steps_per_block: by kind.
        openmm_ms_per_step: OpenMM's `VerletIntegrator`.
        reporters_ms_per_step: the same with energies and frames written.
        ase_ms_per_step: ASE's `VelocityVerlet`, the same for all backends.
        model_ms_per_call: energy and forces without an integrator.
        model_call: what that was a call of.
        ns_per_day: simulated through OpenMM, from the median.
        peak_resident_mebibytes: of a fresh process that ran the model through OpenMM.
        baseline_resident_mebibytes: of that process before the model was loaded: the interpreter
            with torch, OpenMM and ASE.
        peak_device_mebibytes: of that process on the CUDA device; None on other platforms.
        first_call_s: from loaded weights to a warm Context in that process, nothing of it cached.
        speedup_over_original: time of an OpenMM step of the reference model, by the same backend
            where it was measured, over this model's.
        ratios: see :func:`openmm_mlff.benchmark.ratios.entry_ratios`.
        fastest: whether no other backend of the model is faster on this system and platform.
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
