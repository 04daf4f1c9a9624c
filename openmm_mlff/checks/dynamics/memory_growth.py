"""Does the memory of the process stay the same during a run?"""

import numpy as np
from scipy.stats import theilslopes

from openmm_mlff.checks.base import Judgement
from openmm_mlff.checks.dynamics.blocks import REMEDY, Finding, judge_worst, measured_runs
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.checks.statistics import CONFIDENCE
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

STEPS = 10_000  # growth is stated for so many steps
ALLOCATOR_MEBIBYTES = 0.125  # glibc takes memory in pieces of about 128 KiB; less is not seen
LEAST_LEAK_MEBIBYTES = 4 * ALLOCATOR_MEBIBYTES  # less in total may be steps of the allocator


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the growth of the process's resident memory with ``growth`` (MiB/10000 steps).

    The Theil-Sen slope of resident memory against steps with its 95 % interval (P. K. Sen, J. Am.
    Stat. Assoc. 63 (1968) 1379), after the first fifth of the blocks, in which allocators fill up.
    PASS where the interval ends within the limit, FAIL where it begins beyond and the memory has
    grown by half a MiB, else INCONCLUSIVE.
    """
    limit = limits["growth"]
    runs = measured_runs(record, "resident_mebibytes_blocks")
    if isinstance(runs, Judgement):
        return runs
    found = [_growth(run, limit=limit.value) for run in runs]
    return judge_worst(record, found, limit=limit, evidence={})


def _growth(run: Run, *, limit: float) -> Finding:
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
    smallest = STEPS * ALLOCATOR_MEBIBYTES / float(steps[-1])
    evidence = {
        "growth": slope,
        "interval": [low, high],
        "steps": int(steps[-1]),
        "blocks": len(resident),
        "grown_mebibytes": grown,
        "detection_limit_mebibytes_per_10000_steps": max((high - low) / 2.0, smallest),
    }
    return Finding(
        run.name, "the memory of the process grows by", slope, low, high, status, evidence
    )


CHECK = check_of_runs(
    id="memory_growth",
    group="dynamics",
    scope="condition",
    question="Does the memory of the process stay the same during a run?",
    formula="Theil–Sen slope of resident memory against steps, with its 95 % interval",
    unit="MiB/10000 steps",
    source="users of MACE report memory that grows until the run is killed",
    limits={"growth": "MiB/10000 steps"},
    consequence="A long production run is killed when the machine's memory is full.",
    remedy=REMEDY,
    judge=judge,
)
