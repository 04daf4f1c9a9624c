"""Overhead of a campaign besides its runs, computed from the records of the workers; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from openmm_mlff.campaign.store import Attempt


@dataclass(frozen=True)
class Overhead:
    """Time of the workers by purpose.

    Attributes:
        n_runs: completed runs.
        n_workers: processes that completed at least one run.
        run_seconds: time in validations, summed over workers.
        between_seconds: time of these workers outside of validations, between the start of their
            first and the end of their last run: bookkeeping, transfer of results, waiting.
        startup_seconds: from each start of the campaign to its first run.
        broken_off: attempts that did not complete, including those still running.
        broken_off_seconds: from their start to their last record.
    """

    n_runs: int
    n_workers: int
    run_seconds: float
    between_seconds: float
    startup_seconds: float
    broken_off: int
    broken_off_seconds: float

    @property
    def share(self) -> float | None:
        """Time between runs over time in runs; None without runs."""
        return self.between_seconds / self.run_seconds if self.run_seconds else None


def measure_overhead(
    attempts: Iterable[Attempt], sessions: Mapping[str, Mapping[str, Any]]
) -> Overhead:
    """Sum the time of the workers by purpose, given all attempts and starts of the campaign."""
    everything = list(attempts)
    ended = sorted(
        (one for one in everything if one.ended is not None),
        key=lambda one: (one.session, one.worker, one.started),
    )
    groups = [list(group) for _, group in groupby(ended, lambda one: (one.session, one.worker))]
    run_seconds = sum(one.run_seconds for one in ended)
    spans = sum((group[-1].ended or 0.0) - group[0].started for group in groups)
    broken_off = [one for one in everything if one.ended is None]
    return Overhead(
        n_runs=len(ended),
        n_workers=len(groups),
        run_seconds=run_seconds,
        between_seconds=max(spans - run_seconds, 0.0),
        startup_seconds=sum(_startup(name, table, everything) for name, table in sessions.items()),
        broken_off=len(broken_off),
        broken_off_seconds=sum(one.seen - one.started for one in broken_off),
    )


def _startup(name: str, session: Mapping[str, Any], attempts: Iterable[Attempt]) -> float:
    """Return the seconds from a start of the campaign to its first run."""
    begun = [one.started for one in attempts if one.session == name]
    return min(begun) - session["started"] if begun else 0.0
