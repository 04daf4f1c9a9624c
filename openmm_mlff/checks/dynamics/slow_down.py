"""Does a step take as long at the end of a long run as at its start?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from openmm_mlff.checks.base import RATIO, Check, Judgement, inconclusive, skipped
from openmm_mlff.checks.inputs import demand_survival, read_runs, unusable_runs
from openmm_mlff.checks.statistics import CONFIDENCE
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

FEWEST_BLOCKS = 8
"""Below this neither a first and a last fifth nor an interval mean anything."""

DISTRUST = 0.35
"""Where the machine itself changed pace, this part of the change (of its logarithm) is taken for
the error of the correction: a neighbour on the same core slowed the yardstick by 1.6 and a
potential by up to 1.9."""


@dataclass(frozen=True)
class Finding:
    """One quantity of one run, with its 95 % interval, and what follows from it."""

    run: str
    clause: str
    value: float
    low: float
    high: float
    limit: Threshold
    status: Status

    @property
    def rank(self) -> tuple[int, float]:
        """The larger the worse: failures first, then what is undecided."""
        order = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL).index(self.status)
        return order, self.value / self.limit.value

    def text(self) -> str:
        """Return the clause, the value with its interval, and the limit."""
        unit = "" if self.limit.unit == RATIO else f" {self.limit.unit}"
        return (
            f"{self.clause} {self.value:.3g}{unit} (95 %: {self.low:.3g} to {self.high:.3g}), "
            f"{_VERBS[self.status]} the limit of {self.limit.value:g}{unit}"
        )


_VERBS = {
    Status.PASS: "within",
    Status.FAIL: "above",
    Status.INCONCLUSIVE: "too uncertain to compare with",
}


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the slowing of steps with its limit.

    Median time of a step in the last fifth of the blocks over that in the first, by
    three clocks: wall time, CPU time, and CPU time over that of a fixed piece of work measured
    alongside (the machine's own pace).  Machines are shared and noisy, so it is a FAIL only where
    all three are beyond the limit with their intervals; the clock with the narrowest interval is
    the one that is stated and that may pass.

    Args:
        record: the replicas of one condition.
        limits: ``slowing`` (ratio).

    Returns:
        The judgement; INCONCLUSIVE where the interval straddles the limit or there are few blocks.
    """
    unusable = unusable_runs(record)
    if unusable is not None:
        return unusable
    measured = [run for run in record.runs if _is_measured(run)]
    if not measured:
        return skipped("no simulation measured its blocks")
    findings: list[Finding] = []
    runs: list[dict[str, Any]] = []
    for run in measured:
        reason = _unfit(run)
        if reason:
            return inconclusive(f"{reason} in {run.name}")
        slowing, evidence = _slowing(run, limit=limits["slowing"])
        findings.append(slowing)
        runs.append({"run": run.name, **evidence})
    worst = max(findings, key=lambda finding: finding.rank)
    where = f"in {worst.run}, " if len(measured) > 1 else ""
    judgement = Judgement(
        worst.status,
        where + worst.text(),
        value=worst.value,
        threshold=worst.limit.value,
        unit=worst.limit.unit,
        evidence={"measures": [_as_dict(finding) for finding in findings], "runs": runs},
    )
    return demand_survival(record, judgement)


def _is_measured(run: Run) -> bool:
    return len(run.cpu_ms_per_step_blocks) > 0 and run.steps_per_block > 0


def _unfit(run: Run) -> str:
    """Return why the blocks of a run cannot be judged; empty where they can."""
    blocks = (run.ms_per_step_blocks, run.cpu_ms_per_step_blocks, run.yardstick_ms_blocks)
    count = min(len(series) for series in blocks)
    if count < FEWEST_BLOCKS:
        return f"{count} blocks were measured, and at least {FEWEST_BLOCKS} are needed,"
    if len({len(series) for series in blocks}) > 1:
        return "the times are not of the same blocks"
    if not all(np.isfinite(series).all() and (series > 0.0).all() for series in blocks):
        return "a time of a block was not measured"
    return ""


def _slowing(run: Run, *, limit: Threshold) -> tuple[Finding, dict[str, Any]]:
    """Judge whether steps take longer at the end, by three clocks."""
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
    statuses = {
        name: _compare(low, high, limit=limit.value) for name, (_, low, high) in bounds.items()
    }
    narrowest = min(clocks, key=lambda name: clocks[name][1])
    value, low, high = bounds[narrowest]
    if all(status is Status.FAIL for status in statuses.values()):
        status = Status.FAIL
    elif statuses[narrowest] is Status.PASS and Status.FAIL not in statuses.values():
        status = Status.PASS
    else:
        status = Status.INCONCLUSIVE
    evidence: dict[str, Any] = {
        "blocks": len(cpu),
        "steps_per_block": run.steps_per_block,
        "machine_last_over_first": float(np.exp(machine)),
        "slowing_detection_limit": high / value,
    }
    for name, (ratio, lowest, highest) in bounds.items():
        evidence[f"{name}_last_over_first"] = ratio
        evidence[f"{name}_interval"] = [lowest, highest]
    clause = f"in the last fifth of the run a step takes, by the {_CLOCKS[narrowest]}, a factor of"
    return Finding(run.name, clause, value, low, high, limit, status), evidence


_CLOCKS = {
    "wall": "wall clock",
    "cpu": "CPU time",
    "cpu_by_yardstick": "CPU time over the yardstick's",
}


def _last_over_first(values: np.ndarray, *, distrust: float = 0.0) -> tuple[float, float]:
    """Compare the medians of the last and the first fifth.

    The scatter of a block is taken about a straight line or from neighbour to neighbour (von
    Neumann), whichever is smaller: neither a steady slowing nor a sudden one may hide itself.

    Args:
        values: (K,), positive.
        distrust: added to the half-width.

    Returns:
        Logarithm of the ratio, and half its 95 % interval, Student's t with K − 2 degrees of
        freedom.
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
    return ratio, float(stdtrit(count - 2, 0.5 + CONFIDENCE / 2) * error) + distrust


def _compare(low: float, high: float, *, limit: float) -> Status:
    if high <= limit:
        return Status.PASS
    return Status.FAIL if low > limit else Status.INCONCLUSIVE


def _as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "run": finding.run,
        "what": finding.clause,
        "value": finding.value,
        "lowest": finding.low,
        "highest": finding.high,
        "unit": finding.limit.unit,
        "threshold": finding.limit.value,
        "ok": finding.status is Status.PASS,
    }


CHECK = Check(
    id="slow_down",
    group="dynamics",
    scope="condition",
    question="Does a step take as long at the end of a long run as at its start?",
    formula="median ms/step of the last fifth of the blocks over the first, by wall time, CPU time "
    "and CPU time over a yardstick's",
    unit="ratio",
    source="users of MACE report steps that slow down",
    limits={"slowing": "ratio"},
    consequence="A long production run slows down step by step.",
    remedy="Look for what is kept from call to call: tensors with their graphs, lists that grow, "
    "caches without a limit, a model compiled again for every geometry.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)
