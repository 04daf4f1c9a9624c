"""Assemble `benchmark.json`; pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from openmm_mlff.benchmark.entries import (
    SCHEMA_VERSION,
    BenchmarkEntry,
    PeerEntry,
    ReplicaEntry,
)
from openmm_mlff.benchmark.profiling import StepProfile
from openmm_mlff.benchmark.scaling import scaling_with_atoms
from openmm_mlff.benchmark.statistics import median_interval
from openmm_mlff.benchmark.variants import Skipped
from openmm_mlff.results import jsonable
from openmm_mlff.units import MEBIBYTE

_BYTES_PER_MEGABYTE = 1e6


@dataclass
class Findings:
    """Results so far.

    Attributes:
        entries: of single systems.
        replicas: of several replicas in one Context.
        profiles: if requested.
        skipped: what was requested and could not be measured.
    """

    entries: list[BenchmarkEntry] = field(default_factory=list)
    replicas: list[ReplicaEntry] = field(default_factory=list)
    peers: list[PeerEntry] = field(default_factory=list)
    profiles: list[StepProfile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Append the results of another system or platform."""
        self.entries += other.entries
        self.replicas += other.replicas
        self.peers += other.peers
        self.profiles += other.profiles
        self.skipped += other.skipped


def benchmark_json(
    findings: Findings, *, environment: Mapping[str, Any], method: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the contents of `benchmark.json`, schema version 1; `rows` summarise the entries."""
    return jsonable(
        {
            "schema_version": SCHEMA_VERSION,
            "environment": environment,
            "method": method,
            "rows": [
                *(short_row(entry) for entry in findings.entries),
                *(replica_row(entry) for entry in findings.replicas),
            ],
            "entries": [asdict(entry) for entry in findings.entries],
            "replicas": [asdict(entry) for entry in findings.replicas],
            "peers": [asdict(peer) for peer in findings.peers],
            "scaling": [asdict(one) for one in scaling_with_atoms(findings.entries)],
            "profiles": [asdict(one) for one in findings.profiles],
            "skipped": [asdict(one) for one in findings.skipped],
        }
    )


def short_row(entry: BenchmarkEntry) -> dict[str, Any]:
    """Return one number per quantity of an entry.

    Medians in ms, for the step with the 95 % interval of its median; memory in 10⁶ bytes.
    """
    device = entry.peak_device_mebibytes
    return {
        **_of_what(entry, replicas=1),
        "ms_per_step": entry.openmm_ms_per_step.median,
        "ms_per_step_interval": list(median_interval(entry.openmm_ms_per_step.blocks)),
        "ms_model": entry.model_ms_per_call.median,
        "ms_ase": entry.ase_ms_per_step.median,
        "ms_per_step_with_reporters": entry.reporters_ms_per_step.median,
        "ns_per_day": entry.ns_per_day,
        "first_call_s": entry.first_call_s,
        "peak_rss_mb": _megabytes(entry.peak_resident_mebibytes),
        "peak_device_mb": None if device is None else _megabytes(device),
    }


def replica_row(entry: ReplicaEntry) -> dict[str, Any]:
    """Return one number per quantity of replicas, with the keys of :func:`short_row`.

    Medians in ms; a step, and ns/day, are those of all replicas. Quantities of single systems are
    None.
    """
    alone = (
        *("ms_model", "ms_ase", "ms_per_step_with_reporters"),
        *("first_call_s", "peak_rss_mb", "peak_device_mb"),
    )
    return {
        **_of_what(entry, replicas=entry.replicas),
        "ms_per_step": entry.ms_per_step.median,
        "ms_per_step_interval": list(median_interval(entry.ms_per_step.blocks)),
        "ms_per_replica_step": entry.ms_per_replica_step.median,
        "ns_per_day": entry.ns_per_day,
        **dict.fromkeys(alone),
    }


def _of_what(entry: BenchmarkEntry | ReplicaEntry, *, replicas: int) -> dict[str, Any]:
    """Return the keys that identify a row, the same for single systems and replicas."""
    return {
        "potential": entry.model,
        "system": entry.system,
        "n_atoms": entry.n_atoms,
        "backend": entry.backend,
        "platform": entry.platform,
        "precision": entry.precision,
        "replicas": replicas,
        "threads": entry.threads,
    }


def _megabytes(mebibytes: float) -> float:
    return mebibytes * MEBIBYTE / _BYTES_PER_MEGABYTE
