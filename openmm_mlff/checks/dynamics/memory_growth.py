"""Does the memory of the process stay the same during a run?"""

from typing import Any

import numpy as np
from scipy.stats import theilslopes

from openmm_mlff.checks.base import Check, Judgement, inconclusive, skipped
from openmm_mlff.checks.inputs import demand_survival, read_runs, unusable_runs
from openmm_mlff.checks.statistics import CONFIDENCE
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

STEPS = 10_000
"""Growth is stated for so many steps."""

FEWEST_BLOCKS = 8
"""Below this an interval means nothing."""

ALLOCATOR_MEBIBYTES = 0.125
"""Memory is taken from the system in pieces of 128 KiB or so (measured with glibc): a growth that
has not filled one cannot be seen."""

LEAST_LEAK_MEBIBYTES = 4 * ALLOCATOR_MEBIBYTES
"""Less growth than this in all may be an allocator's own steps, however steep they look."""

_ORDER = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL)


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the growth of resident memory with its limit, of the process that ran the potential.

    The Theil-Sen slope of resident memory against steps with its 95 % interval (P. K. Sen, J. Am.
    Stat. Assoc. 63 (1968) 1379), after the first fifth of the blocks, in which allocators fill up.

    Args:
        record: the replicas of one condition.
        limits: ``growth`` (MiB/10000 steps).

    Returns:
        Of the worst run: PASS where the interval ends within the limit, FAIL where it begins
        beyond and half a MiB has grown, else INCONCLUSIVE, also where there are few blocks.
    """
    unusable = unusable_runs(record)
    if unusable is not None:
        return unusable
    measured = [
        run
        for run in record.runs
        if len(run.resident_mebibytes_blocks) > 0 and run.steps_per_block > 0
    ]
    if not measured:
        return skipped("no simulation measured its memory")
    limit = limits["growth"]
    for run in measured:
        reason = _unfit(run.resident_mebibytes_blocks)
        if reason:
            return inconclusive(f"{reason} in {run.name}")
    found = [_growth(run, limit=limit.value) for run in measured]
    status, worst = max(found, key=lambda one: (_ORDER.index(one[0]), one[1]["growth"]))
    where = f"in {worst['run']}, " if len(measured) > 1 else ""
    low, high = worst["interval"]
    judgement = Judgement(
        status,
        f"{where}the memory of the process grows by {worst['growth']:.3g} {limit.unit} (95 %: "
        f"{low:.3g} to {high:.3g}; limit {limit.value:g} {limit.unit})",
        value=worst["growth"],
        threshold=limit.value,
        evidence={"runs": [evidence for _, evidence in found]},
    )
    return demand_survival(record, judgement)


def _unfit(resident: np.ndarray) -> str:
    """Return why the blocks of a run cannot be judged; empty where they can."""
    if len(resident) < FEWEST_BLOCKS:
        return f"{len(resident)} blocks were measured, and at least {FEWEST_BLOCKS} are needed,"
    if not (np.isfinite(resident).all() and (resident > 0.0).all()):
        return "the memory of a block was not measured"
    return ""


def _growth(run: Run, *, limit: float) -> tuple[Status, dict[str, Any]]:
    """Judge how the resident memory of one run grows."""
    resident = run.resident_mebibytes_blocks
    settled = resident[len(resident) // 5 :]
    steps = run.steps_per_block * np.arange(len(settled))
    slope, _, low, high = (
        STEPS * float(value) for value in theilslopes(settled, steps, alpha=CONFIDENCE)
    )
    grown = float(settled[-1] - settled[0])
    status = Status.PASS if high <= limit else Status.INCONCLUSIVE
    if low > limit and grown >= LEAST_LEAK_MEBIBYTES:
        status = Status.FAIL
    return status, {
        "run": run.name,
        "growth": slope,
        "interval": [low, high],
        "steps": int(steps[-1]),
        "blocks": len(resident),
        "grown_mebibytes": grown,
        "detection_limit_mebibytes_per_10000_steps": max(
            (high - low) / 2.0, STEPS * ALLOCATOR_MEBIBYTES / float(steps[-1])
        ),
    }


CHECK = Check(
    id="memory_growth",
    group="dynamics",
    scope="condition",
    question="Does the memory of the process stay the same during a run?",
    formula="Theil–Sen slope of resident memory against steps, with its 95 % interval",
    unit="MiB/10000 steps",
    source="users of MACE report memory that grows until the run is killed",
    limits={"growth": "MiB/10000 steps"},
    consequence="A long production run is killed when the machine's memory is full.",
    remedy="Look for what is kept from call to call: tensors with their graphs, lists that grow, "
    "caches without a limit, a model compiled again for every geometry.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)
