"""Questions about a record that several checks ask before they judge it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define, error, inconclusive, skipped
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence, Run, Runs

R = TypeVar("R")

JUDGED_FRACTION = 0.8
"""A check is judged on the points that were evaluated when they are at least this many of all."""

NO_START = "no simulation ran to its end, so there is no point to start from"


def fields(record: Any, *names: str) -> dict[str, Any]:
    """Return fields of a record by name, for the evidence."""
    return {name: getattr(record, name) for name in names}


def largest(array: np.ndarray) -> float:
    """Return the largest magnitude; NaN where anything is not finite."""
    return float(np.abs(array).max()) if np.isfinite(array).all() else float("nan")


def largest_norm(vectors: np.ndarray) -> float:
    """Return the largest length of vectors (..., 3); NaN where anything is not finite."""
    return largest(np.linalg.norm(vectors, axis=-1))


def ml_atoms(subject: Subject) -> np.ndarray:
    """Return the atoms of an ML/MM system that the potential describes, int64; empty elsewhere."""
    return np.array(getattr(subject.potential, "ml_atoms", ()), dtype=np.int64)


def too_many_refused(refused: np.ndarray, *, reasons: Sequence[str] = ()) -> Judgement | None:
    """Return INCONCLUSIVE where fewer than four fifths of the points were evaluated, else None.

    `refused` is bool, of any shape; `reasons` are those of some refusals.
    """
    if refused.size and 1.0 - float(np.mean(refused)) >= JUDGED_FRACTION:
        return None
    return inconclusive(
        f"the potential refused {int(refused.sum())} of {refused.size} points, and fewer than four "
        "fifths remain",
        evidence={"refusals": list(reasons)},
    )


def too_few(
    used: int, wanted: int, reason: str, *, evidence: Mapping[str, Any] | None = None
) -> Judgement | None:
    """Return INCONCLUSIVE where fewer than four fifths could be used, else None.

    `reason` says how many of how many.
    """
    if used >= JUDGED_FRACTION * wanted:
        return None
    return inconclusive(f"{reason} (needs at least four fifths)", evidence=evidence or {})


check_of_runs = partial(
    define, record=Runs, measure=lambda subject: subject.runs, needs=("trajectories",)
)
"""A check that judges the simulations directly."""

check_of_replicas = partial(check_of_runs, scope="condition")
"""A check of the dynamics at each temperature and timestep."""


def stored_record(record: Runs, name: str, kind: type[R]) -> R | None:
    """Return the record of another measurement of the system; None where it was not measured."""
    stored = record.measurements.get(name) if isinstance(record, Evidence) else None
    return stored.record(kind) if stored is not None and stored.status == DONE else None


def unusable_runs(record: Runs) -> Judgement | None:
    """Return why the energies or momenta of one condition's replicas cannot be judged, else None.

    SKIPPED without simulations at constant energy, ERROR where the code failed, INCONCLUSIVE where
    one was interrupted.  Simulations that broke for physical reasons can be judged.
    """
    if not record.runs:
        return skipped("no simulation was run")
    if any(run.condition.ensemble != "nve" for run in record.runs):
        return skipped("a thermostat exchanges energy; this needs NVE")
    return broken_run(record) or cut_short_run(record)


def broken_run(record: Runs) -> Judgement | None:
    """Return an ERROR with its traceback where the code of a simulation failed, else None."""
    for run in record.runs:
        if run.failure is not None and run.failure.kind != "unstable":
            message = run.failure.message.strip().rstrip(".")
            after = f"{run.failure.time_ps:.3g} ps"
            reason = f"the simulation {run.name} failed after {after}: {message}"
            return error(reason, traceback=run.failure.traceback)
    return None


def cut_short_run(record: Runs) -> Judgement | None:
    """Return INCONCLUSIVE where a simulation was interrupted without a failure, else None."""
    for run in record.runs:
        if run.failure is None and not run.survived:
            span = f"{run.completed_ps:.3g} of {run.requested_ps:g} ps"
            reason = f"the simulation {run.name} was interrupted after {span}"
            return inconclusive(reason, evidence=fields(run, "completed_ps", "requested_ps"))
    return None


def demand_survival(record: Runs, judgement: Judgement) -> Judgement:
    """Replace PASS by INCONCLUSIVE where a simulation broke: the rest was not sampled."""
    broken = [run for run in record.runs if run.failure is not None]
    if judgement.status is not Status.PASS or not broken:
        return judgement
    first = min(broken, key=lambda run: run.completed_ps)
    span = f"{first.completed_ps:.3g} of {first.requested_ps:g} ps"
    reason = f"the simulation {first.name} failed after {span}, and later times were not sampled"
    return inconclusive(reason, evidence=judgement.evidence)


def judged_rows(
    record: Runs, columns: Callable[[Run], Sequence[np.ndarray]], *, fewest: int, name: str
) -> list[tuple[Run, int]] | Judgement:
    """Return each run with the rows of its stream that can be judged, or why they cannot be.

    All rows of a stream that reaches the end of its run; where a run broke, those before the first
    that is not finite.  `columns` returns those of a run's stream, each (T, ...), the time first.
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
        found.append((run, rows))
    return found


def reaches(time_ps: np.ndarray, *, end_ps: float) -> bool:
    """Return whether a stream reaches the end of its run, within one and a half intervals."""
    if len(time_ps) == 0:
        return False
    interval_ps = time_ps[1] - time_ps[0] if len(time_ps) > 1 else time_ps[0]
    return bool(end_ps - time_ps[-1] <= 1.5 * interval_ps)


def finite_rows(*columns: np.ndarray) -> int:
    """Return the number of rows before the first that is not finite, of (T, ...) columns."""
    fine = [np.isfinite(each).all(axis=tuple(range(1, each.ndim))) for each in columns]
    return int(np.logical_and.accumulate(np.all(fine, axis=0)).sum())
