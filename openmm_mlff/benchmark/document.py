"""Assemble `benchmark.json`; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from openmm_mlff.benchmark.entries import (
    SCHEMA_VERSION,
    BenchmarkEntry,
    ReplicaEntry,
    Skipped,
    Timing,
)
from openmm_mlff.benchmark.statistics import median_interval
from openmm_mlff.storage.files import jsonable
from openmm_mlff.units import MEBIBYTE

_BYTES_PER_MEGABYTE = 1e6
_OF_ONE_SYSTEM = (
    *("ms_model", "ms_ase", "ms_per_step_with_reporters"),
    *("first_call_s", "peak_rss_mb", "peak_device_mb"),
)


@dataclass
class Findings:
    """Results so far.

    Attributes:
        entries: of single systems.
        replicas: of several replicas in one Context.
        skipped: what was requested and could not be measured.
    """

    entries: list[BenchmarkEntry] = field(default_factory=list)
    replicas: list[ReplicaEntry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Append the results of another system or platform."""
        for name, found in vars(self).items():
            found += getattr(other, name)


def benchmark_json(
    findings: Findings, *, environment: Mapping[str, Any], method: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the contents of `benchmark.json`, schema version 1; `rows` summarise the entries."""
    return jsonable(
        {
            "schema_version": SCHEMA_VERSION,
            "environment": environment,
            "method": method,
            "rows": [*map(entry_row, findings.entries), *map(replica_row, findings.replicas)],
            **{name: [asdict(one) for one in found] for name, found in vars(findings).items()},
            "scaling": scaling_with_atoms(findings.entries),
        }
    )


def entry_row(entry: BenchmarkEntry) -> dict[str, Any]:
    """Return one number per quantity of an entry: medians in ms, memory in 10⁶ bytes.

    Of the step, also the 95 % interval of the median.
    """
    device = entry.peak_device_mebibytes
    return {
        **_row(entry, entry.openmm_ms_per_step, replicas=1),
        "ms_model": entry.model_ms_per_call.median,
        "ms_ase": entry.ase_ms_per_step.median,
        "ms_per_step_with_reporters": entry.reporters_ms_per_step.median,
        "first_call_s": entry.first_call_s,
        "peak_rss_mb": _megabytes(entry.peak_resident_mebibytes),
        "peak_device_mb": None if device is None else _megabytes(device),
    }


def replica_row(entry: ReplicaEntry) -> dict[str, Any]:
    """Return the keys of :func:`entry_row` for the steps and ns/day of all replicas together.

    Quantities of single systems are None.
    """
    return {
        **_row(entry, entry.ms_per_step, replicas=entry.replicas),
        "ms_per_replica_step": entry.ms_per_replica_step.median,
        **dict.fromkeys(_OF_ONE_SYSTEM),
    }


def _row(entry: BenchmarkEntry | ReplicaEntry, step: Timing, *, replicas: int) -> dict[str, Any]:
    same = ("system", "n_atoms", "backend", "platform", "precision", "threads", "ns_per_day")
    return {
        "potential": entry.model,
        **{name: getattr(entry, name) for name in same},
        "replicas": replicas,
        "ms_per_step": step.median,
        "ms_per_step_interval": list(median_interval(step.blocks)),
    }


def _megabytes(mebibytes: float) -> float:
    return mebibytes * MEBIBYTE / _BYTES_PER_MEGABYTE


def scaling_with_atoms(entries: Sequence[BenchmarkEntry]) -> list[dict[str, Any]]:
    """Fit t = a Nᵇ to the OpenMM steps by least squares of the logarithms.

    Returns:
        One for each model, backend and platform measured on at least two sizes. `exponent` is b: 0
            if overhead dominates, 1 if the cost per atom does, 2 if the cost per pair does.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for entry in entries:
        key = (entry.model, entry.backend, entry.platform)
        groups.setdefault(key, []).append((entry.n_atoms, entry.openmm_ms_per_step.median))
    found = []
    for (model, backend, platform), points in groups.items():
        sizes, times = zip(*sorted(points), strict=True)
        if len(set(sizes)) > 1:
            found.append(
                {
                    "model": model,
                    "backend": backend,
                    "platform": platform,
                    "n_atoms": sizes,
                    "ms_per_step": times,
                    "exponent": float(np.polyfit(np.log(sizes), np.log(times), deg=1)[0]),
                }
            )
    return found
