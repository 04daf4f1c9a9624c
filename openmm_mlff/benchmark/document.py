"""All of `benchmark.json`, put together; pure."""

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
    """What was measured so far.

    Attributes:
        entries: of the models.
        replicas: of the models, several in one Context.
        peers: beside them.
        profiles: where they were asked for.
        skipped: what was asked for and could not be measured.
    """

    entries: list[BenchmarkEntry] = field(default_factory=list)
    replicas: list[ReplicaEntry] = field(default_factory=list)
    peers: list[PeerEntry] = field(default_factory=list)
    profiles: list[StepProfile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Append what was measured on another system or platform."""
        self.entries += other.entries
        self.replicas += other.replicas
        self.peers += other.peers
        self.profiles += other.profiles
        self.skipped += other.skipped


def benchmark_json(
    findings: Findings, *, environment: Mapping[str, Any], method: Mapping[str, Any]
) -> dict[str, Any]:
    """Put all of `benchmark.json` together.

    Args:
        findings: what was measured so far.
        environment: the machine, see :func:`openmm_mlff.benchmark.environment.describe_machine`.
        method: how it was measured.

    Returns:
        Plain JSON values, schema version 1: `rows` are the entries in short.
    """
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
    """Give an entry in short: one number for each thing that was measured.

    Args:
        entry: of one model, backend, system and platform.

    Returns:
        Medians, ms; the step's with the 95 % interval of its median; memory in 10⁶ bytes.
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
    """Give replicas in short, under the same keys; None for what is measured of one alone.

    Args:
        entry: of one model, backend, system, platform and number of replicas.

    Returns:
        Medians, ms; a step is one of all replicas, and so are the ns of a day.
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
    """Say of what a row is; the same of one alone and of many."""
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
