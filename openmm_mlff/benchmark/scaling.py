"""Scaling of the time per step with the number of atoms; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openmm_mlff.benchmark.entries import BenchmarkEntry


@dataclass(frozen=True)
class Scaling:
    """Scaling of one model on one platform.

    Attributes:
        n_atoms: of the systems, ascending.
        ms_per_step: medians of the OpenMM step.
        exponent: slope of log(time) over log(atoms): 0 if overhead dominates, 1 if the cost per
            atom does, 2 if the cost per pair does.
    """

    model: str
    backend: str
    platform: str
    n_atoms: tuple[int, ...]
    ms_per_step: tuple[float, ...]
    exponent: float


def scaling_with_atoms(entries: Sequence[BenchmarkEntry]) -> list[Scaling]:
    """Fit t = a Nᵇ by least squares of the logarithms.

    Returns:
        One for each model, backend and platform measured on at least two sizes.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for entry in entries:
        key = (entry.model, entry.backend, entry.platform)
        groups.setdefault(key, []).append((entry.n_atoms, entry.openmm_ms_per_step.median))
    found = []
    for key, points in groups.items():
        sizes, times = zip(*sorted(points), strict=True)
        if len(set(sizes)) > 1:
            exponent = float(np.polyfit(np.log(sizes), np.log(times), deg=1)[0])
            found.append(Scaling(*key, sizes, times, exponent))
    return found
