"""What several checks ask of a record before they judge it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, error, inconclusive, skipped
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence, Run, Runs

R = TypeVar("R")

JUDGED_FRACTION = 0.8
"""A check is judged on the points that were evaluated when they are at least this many of all."""

NO_START = "no simulation ran to its end, so there is no point to start from"


def by_dtype(limits: Limits, *, dtype: str, quantity: str) -> Threshold:
    """Return the threshold for the precision of an evaluation.

    Args:
        limits: with one threshold for each precision, ``<quantity>_<dtype>``.
        dtype: ``float32`` or ``float64``.
        quantity: what is compared.

    Returns:
        The threshold.
    """
    return limits[f"{quantity}_{dtype}"]


def largest(array: np.ndarray) -> float:
    """Return the largest magnitude; NaN where anything is not finite."""
    return float(np.abs(array).max()) if np.isfinite(array).all() else float("nan")


def largest_norm(vectors: np.ndarray) -> float:
    """Return the largest length of vectors (..., 3); NaN where anything is not finite."""
    return largest(np.linalg.norm(vectors, axis=-1))


def too_many_refused(refused: np.ndarray, *, reasons: Sequence[str] = ()) -> Judgement | None:
    """Return INCONCLUSIVE where fewer than four fifths of the points were evaluated.

    Args:
        refused: bool, of any shape.
        reasons: of some of the refusals.

    Returns:
        None where enough was evaluated.
    """
    evaluated = 1.0 - float(np.mean(refused)) if refused.size else 0.0
    if evaluated >= JUDGED_FRACTION:
        return None
    return inconclusive(
        f"the potential refused {int(refused.sum())} of {refused.size} points, and fewer than four "
        "fifths are left to judge by",
        evidence={"refusals": list(reasons)},
    )


def refusal_note(refused: np.ndarray) -> str:
    """Return how many points were refused, for a note; empty where none was."""
    count = int(refused.sum())
    return f"{count} of {refused.size} points were refused by the potential" if count else ""


def read_runs(subject: object) -> Runs:
    """Return the simulations of a subject: the ``measure`` of checks that judge them directly."""
    return subject.runs  # type: ignore[attr-defined]


check_of_runs = partial(Check, record=Runs, measure=read_runs, needs=("trajectories",))
"""A check that judges the simulations directly."""


def stored_record(record: Runs, name: str, kind: type[R]) -> R | None:
    """Return the record of another measurement of the system; None where it was not measured."""
    stored = record.measurements.get(name) if isinstance(record, Evidence) else None
    return stored.record(kind) if stored is not None and stored.status == DONE else None


def interrupted(run: Run) -> bool:
    """Return whether a simulation stopped early without a failure."""
    return run.failure is None and not run.survived


def unusable_runs(record: Runs) -> Judgement | None:
    """Return why energies or momenta cannot be judged.

    Args:
        record: the replicas of one condition.

    Returns:
        None where every simulation ran to its end or broke for physical reasons; else SKIPPED
        without simulations, ERROR where the code broke, INCONCLUSIVE where one was interrupted.
    """
    if not record.runs:
        return skipped("no simulation was run")
    if any(run.condition.ensemble != "nve" for run in record.runs):
        return skipped("a thermostat exchanges energy; this needs NVE")
    return broken_run(record) or cut_short_run(record)


def broken_run(record: Runs) -> Judgement | None:
    """Return an ERROR with its traceback where the code of a simulation broke."""
    for run in record.runs:
        if run.failure is not None and run.failure.kind != "unstable":
            return error(
                f"the simulation {run.name} broke after {run.failure.time_ps:.3g} ps: "
                f"{run.failure.message.strip().rstrip('.')}",
                traceback=run.failure.traceback,
            )
    return None


def cut_short_run(record: Runs) -> Judgement | None:
    """Return INCONCLUSIVE where a simulation was interrupted."""
    for run in record.runs:
        if interrupted(run):
            return inconclusive(
                f"the simulation {run.name} was interrupted after {run.completed_ps:.3g} of "
                f"{run.requested_ps:g} ps",
                evidence={"completed_ps": run.completed_ps, "requested_ps": run.requested_ps},
            )
    return None


def demand_survival(record: Runs, judgement: Judgement) -> Judgement:
    """Turn a PASS into INCONCLUSIVE where a simulation broke: the rest was not sampled."""
    broken = [run for run in record.runs if run.failure is not None]
    if judgement.status is not Status.PASS or not broken:
        return judgement
    first = min(broken, key=lambda run: run.completed_ps)
    return inconclusive(
        f"the simulation {first.name} broke after {first.completed_ps:.3g} of "
        f"{first.requested_ps:g} ps, and nothing is known beyond",
        evidence=judgement.evidence,
    )


def judged_rows(
    record: Runs,
    columns: Callable[[Run], Sequence[np.ndarray]],
    *,
    fewest: int,
    name: str,
) -> list[int] | Judgement:
    """Return the rows of each run's stream that can be judged, or why they cannot be.

    All rows of a stream that reaches the end of its run; where a run broke, those before the first
    that is not finite.

    Args:
        record: the replicas of one condition.
        columns: of the stream of a run, each (T, ...); the first is the time, ps.
        fewest: rows that are needed.
        name: of the stream.
    """
    if unusable := unusable_runs(record):
        return unusable
    found = []
    for run in record.runs:
        time_ps, *values = columns(run)
        rows = len(time_ps) if run.failure is None else finite_rows(*values)
        reason = ""
        if rows < fewest:
            reason = f"{run.name} has {rows} rows of {name} (needs at least {fewest})"
        elif run.failure is None and not reaches(time_ps, end_ps=run.completed_ps):
            reason = f"the {name} of {run.name} end before its {run.completed_ps:g} ps do"
        if reason:
            return inconclusive(reason, evidence={"n_samples": rows})
        found.append(rows)
    return found


def reaches(time_ps: np.ndarray, *, end_ps: float) -> bool:
    """Return whether a stream reaches the end of its run, within one and a half intervals."""
    if len(time_ps) == 0:
        return False
    interval_ps = time_ps[1] - time_ps[0] if len(time_ps) > 1 else time_ps[0]
    return bool(end_ps - time_ps[-1] <= 1.5 * interval_ps)


def finite_rows(*columns: np.ndarray) -> int:
    """Return the number of rows before the first that is not finite.

    Args:
        *columns: (T,) or (T, ...), of equal length.

    Returns:
        Number of rows.
    """
    fine = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        fine &= np.isfinite(column).all(axis=tuple(range(1, column.ndim)))
    return len(fine) if fine.all() else int(np.argmin(fine))
