"""Does a step take as long at the end of a long run as at its start?"""

from functools import partial

import numpy as np

from openmm_mlff.checks.base import Judgement
from openmm_mlff.checks.dynamics.blocks import REMEDY, Outcome, judge_blocks
from openmm_mlff.checks.inputs import check_of_replicas
from openmm_mlff.config import Limits
from openmm_mlff.intervals import student_half_width
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

DISTRUST = 0.35
"""Where the machine itself changed pace, this fraction of the change (of its logarithm) is taken
as the error of the correction: another process on the same core slowed the yardstick by a factor
of 1.6 and a potential by up to 1.9."""

_CLOCKS = {
    "wall": "wall time",
    "cpu": "CPU time",
    "cpu_by_yardstick": "CPU time over the yardstick's",
}


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the slowing of steps, by three clocks, with the factor ``slowing``.

    The yardstick is a fixed piece of work measured alongside: the machine's own pace.  Machines are
    shared and noisy, so it is a FAIL only where all three are beyond the limit with their
    intervals; the clock with the narrowest interval is the one that is stated and that may pass.
    """
    series = ["cpu_ms_per_step_blocks", "ms_per_step_blocks", "yardstick_ms_blocks"]
    limit = limits["slowing"]
    slowing = partial(_slowing, limit_ratio=limit.value)
    return judge_blocks(record, slowing, series=series, limit=limit)


def _slowing(run: Run, *, limit_ratio: float) -> Outcome:
    cpu, pace = run.cpu_ms_per_step_blocks, run.yardstick_ms_blocks
    machine, _ = _last_over_first(pace)
    clocks = {
        "wall": _last_over_first(run.ms_per_step_blocks),
        "cpu": _last_over_first(cpu),
        "cpu_by_yardstick": _last_over_first(cpu / pace, distrust=DISTRUST * abs(machine)),
    }
    bounds = {
        name: np.exp([log, log - half, log + half]).tolist() for name, (log, half) in clocks.items()
    }
    narrowest = min(clocks, key=lambda name: clocks[name][1])
    beyond = [low > limit_ratio for _, low, _ in bounds.values()]
    status = Status.INCONCLUSIVE
    if all(beyond):
        status = Status.FAIL
    elif bounds[narrowest][2] <= limit_ratio and not any(beyond):
        status = Status.PASS
    evidence = {
        "blocks": len(cpu),
        "steps_per_block": run.steps_per_block,
        "machine_last_over_first": float(np.exp(machine)),
    }
    for name, (ratio, *interval) in bounds.items():
        evidence |= {f"{name}_last_over_first": ratio, f"{name}_interval": interval}
    clause = f"in the last fifth of the run a step takes, by {_CLOCKS[narrowest]}, a factor of"
    return status, clause, bounds[narrowest], evidence


def _last_over_first(values: np.ndarray, *, distrust: float = 0.0) -> tuple[float, float]:
    """Return the logarithm of the last fifth's median over the first's, and half its 95 % interval.

    Student's t with K − 2 degrees of freedom.  The scatter of a block is taken about a straight
    line or from neighbour to neighbour (von Neumann), whichever is smaller, so that neither a
    steady slowing nor a sudden one adds to it.  ``distrust`` is added to half the interval.
    """
    logs = np.log(values)
    count = len(logs)
    fifth = -(-count // 5)
    ratio = float(np.median(logs[-fifth:]) - np.median(logs[:fifth]))
    index = np.arange(count)
    residuals = logs - np.polyval(np.polyfit(index, logs, 1), index)
    about_line = np.sum(residuals**2) / (count - 2)
    between_neighbours = np.mean(np.diff(logs) ** 2) / 2.0
    # √(π/2): a median of many is that much less certain than a mean; one of two is a mean.
    of_median = np.pi / 2.0 if fifth > 2 else 1.0
    error = np.sqrt(min(about_line, between_neighbours) * of_median * 2.0 / fifth)
    return ratio, student_half_width(error, freedom=count - 2) + distrust


CHECK = check_of_replicas(
    __name__,
    formula="median ms/step of the last fifth of the blocks over the first, by wall time, CPU time "
    "and CPU time over a yardstick's",
    source="users of MACE report steps that slow down",
    limits={"slowing": "ratio"},
    consequence="A long production run becomes slower and slower.",
    remedy=REMEDY,
)
