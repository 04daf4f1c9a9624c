"""Checks of what was measured block by block during the simulations: times and memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive, skipped
from openmm_mlff.checks.inputs import demand_survival, unusable_runs
from openmm_mlff.config import Threshold
from openmm_mlff.results import MOST_SEVERE_FIRST, Status, quantity
from openmm_mlff.storage.runs import Run, Runs

FEWEST_BLOCKS = 8  # fewer do not give a first and a last fifth, nor an interval
REMEDY = (
    "Look for what is kept from call to call: tensors with their graphs, lists that grow, caches "
    "without a limit, a model compiled again for every geometry."
)


@dataclass(frozen=True)
class Finding:
    """A value of one run with its 95 % interval, its status, and further numbers."""

    run: str
    clause: str
    value: float
    low: float
    high: float
    status: Status
    evidence: Mapping[str, Any]


def measured_runs(record: Runs, *series: str) -> list[Run] | Judgement:
    """Return the runs with the first of these series, or why they cannot be judged."""
    if unusable := unusable_runs(record):
        return unusable
    runs = [run for run in record.runs if len(getattr(run, series[0])) and run.steps_per_block > 0]
    if not runs:
        return skipped("no simulation was measured block by block")
    for run in runs:
        blocks = [getattr(run, name) for name in series]
        counts = [len(values) for values in blocks]
        if min(counts) < FEWEST_BLOCKS:
            return inconclusive(
                f"the number of blocks of {run.name} is {min(counts)} (needs at least "
                f"{FEWEST_BLOCKS})"
            )
        if len(set(counts)) > 1:
            return inconclusive(f"the series of blocks of {run.name} differ in length")
        if not all((np.isfinite(values) & (values > 0.0)).all() for values in blocks):
            return inconclusive(f"some blocks of {run.name} were not measured")
    return runs


def judge_worst(
    record: Runs, found: Sequence[Finding], *, limit: Threshold, evidence: Mapping[str, Any]
) -> Judgement:
    """Return the most severe finding, of these the largest, as a judgement."""
    worst = min(found, key=lambda one: (MOST_SEVERE_FIRST.index(one.status), -one.value))
    where = f"in {worst.run}, " if len(found) > 1 else ""
    judgement = Judgement(
        worst.status,
        f"{where}{worst.clause} {quantity(worst.value, limit.unit)} (95 %: {worst.low:.3g} to "
        f"{worst.high:.3g}; limit {quantity(limit.value, limit.unit)})",
        value=worst.value,
        threshold=limit.value,
        unit=limit.unit,
        evidence={**evidence, "runs": [{"run": one.run, **one.evidence} for one in found]},
    )
    return demand_survival(record, judgement)
