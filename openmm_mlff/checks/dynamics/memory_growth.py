"""Does the memory of the process stay the same during a run?"""

from functools import partial

import numpy as np
from scipy.stats import theilslopes

from openmm_mlff.checks.base import Judgement
from openmm_mlff.checks.dynamics.blocks import REMEDY, Outcome, judge_blocks
from openmm_mlff.checks.inputs import check_of_replicas
from openmm_mlff.config import Limits
from openmm_mlff.intervals import CONFIDENCE
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

STEPS = 10_000  # growth is stated for so many steps
LEAST_LEAK_MEBIBYTES = 0.5  # less may be steps of the allocator: glibc takes 128 KiB at a time

PARTS = 7  # of a run, which has at least eight blocks; the first fifth is left out
STEADY = 0.25  # of the slope, in each part but one


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the growth of the process's resident memory with ``growth`` (MiB/10000 steps).

    The Theil-Sen slope of resident memory against steps with its 95 % interval (P. K. Sen, J. Am.
    Stat. Assoc. 63 (1968) 1379), after the first fifth of the blocks, in which allocators fill up.
    It is a FAIL only where the memory has also grown by half a MiB, in all parts of the run but one
    by a quarter of the mean: a leak is steady, and an allocator takes a few large steps and stops.
    """
    limit, series = limits["growth"], ["resident_mebibytes_blocks"]
    growth = partial(_growth, limit_mebibytes=limit.value)
    return judge_blocks(record, growth, series=series, limit=limit)


def _growth(run: Run, *, limit_mebibytes: float) -> Outcome:
    resident = run.resident_mebibytes_blocks
    settled = resident[len(resident) // 5 :]
    steps = run.steps_per_block * np.arange(len(settled))
    slope, _, low, high = STEPS * np.array(theilslopes(settled, steps, alpha=CONFIDENCE))
    grown = float(settled[-1] - settled[0])
    levels = [part.mean() for part in np.array_split(settled, PARTS)]
    rises = STEPS * np.diff(levels) * PARTS / (run.steps_per_block * len(settled))
    steady = float(np.sort(rises)[1])
    status = Status.PASS if high <= limit_mebibytes else Status.INCONCLUSIVE
    is_steady = steady >= STEADY * slope and grown >= LEAST_LEAK_MEBIBYTES
    if low > limit_mebibytes and is_steady:
        status = Status.FAIL
    evidence = {
        "growth": slope,
        "interval": [low, high],
        "steady_growth": steady,
        "steps": steps[-1],
        "blocks": len(resident),
        "grown_mebibytes": grown,
    }
    bounds = float(slope), float(low), float(high)
    return status, "the memory of the process grows by", bounds, evidence


CHECK = check_of_replicas(
    __name__,
    formula="Theil–Sen slope of resident memory against steps, with its 95 % interval",
    source="users of MACE report memory that grows until the run is killed",
    limits={"growth": "MiB/10000 steps"},
    consequence="A long production run is killed when the machine's memory is full.",
    remedy=REMEDY,
)
