"""Checks of what was measured block by block during the simulations: times and memory."""

from collections.abc import Callable, Sequence
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


Outcome = tuple[Status, str, Sequence[float], dict[str, Any]]
"""Status, clause, the value with the ends of its 95 % interval, and evidence of one run."""


def judge_blocks(
    record: Runs, judge_run: Callable[[Run], Outcome], *, series: Sequence[str], limit: Threshold
) -> Judgement:
    """Judge every run that has blocks; the most severe outcome counts, of these the largest value.

    `series` are the fields of a run that are needed; one without the first is left out.
    """
    if unusable := unusable_runs(record):
        return unusable
    runs = [run for run in record.runs if len(getattr(run, series[0])) and run.steps_per_block > 0]
    if not runs:
        return skipped("no simulation was measured block by block")
    for run in runs:
        if reason := _unfit(run, series):
            return inconclusive(reason)
    found = [(run, *judge_run(run)) for run in runs]
    run, status, clause, (value, low, high), _ = min(
        found, key=lambda one: (MOST_SEVERE_FIRST.index(one[1]), -one[3][0])
    )
    where = f"in {run.name}, " if len(found) > 1 else ""
    interval = f"{low:.3g} to {high:.3g}; limit {quantity(limit.value, limit.unit)}"
    judgement = Judgement(
        status,
        f"{where}{clause} {quantity(value, limit.unit)} (95 %: {interval})",
        value=value,
        threshold=limit.value,
        unit=limit.unit,
        evidence={"runs": [{"run": run.name, **evidence} for run, *_, evidence in found]},
    )
    return demand_survival(record, judgement)


def _unfit(run: Run, series: Sequence[str]) -> str:
    """Return why the blocks of a run cannot be judged; empty where they can."""
    blocks = [getattr(run, name) for name in series]
    counts = {len(values) for values in blocks}
    if min(counts) < FEWEST_BLOCKS:
        few = f"the number of blocks of {run.name} is {min(counts)}"
        return f"{few} (needs at least {FEWEST_BLOCKS})"
    if len(counts) > 1:
        return f"the series of blocks of {run.name} differ in length"
    if not all((np.isfinite(values) & (values > 0.0)).all() for values in blocks):
        return f"some blocks of {run.name} were not measured"
    return ""
