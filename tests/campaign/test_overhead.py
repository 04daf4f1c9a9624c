"""Where the workers' time went, on made-up clocks."""

import pytest

from openmm_mlff.campaign.overhead import measure_overhead
from openmm_mlff.campaign.store import Attempt


def attempt(worker, started, ended, run_seconds=0.0, *, session="s", seen=0.0):
    return Attempt(
        session=session,
        worker=worker,
        started=started,
        seen=ended if ended is not None else seen,
        ended=ended,
        run_seconds=run_seconds,
    )


def test_time_between_runs_is_counted_and_time_before_and_after_is_not():
    attempts = [
        attempt("a", 100.0, 110.0, 9.5),
        attempt("a", 110.25, 120.0, 9.75),
        attempt("b", 104.0, 124.0, 19.75),
    ]
    found = measure_overhead(attempts, {"s": {"started": 90.0}})
    assert (found.n_runs, found.n_workers) == (3, 2)
    assert found.run_seconds == pytest.approx(39.0)
    # a: 20 s from first to last, 19.25 of them in runs; b: 20 s, 19.75.
    assert found.between_seconds == pytest.approx(1.0)
    assert found.share == pytest.approx(1.0 / 39.0)
    assert found.startup_seconds == pytest.approx(10.0)


def test_a_pause_between_two_starts_is_no_overhead():
    attempts = [
        attempt("a", 100.0, 110.0, 10.0, session="1"),
        attempt("a", 1000.0, 1010.0, 10.0, session="2"),
    ]
    sessions = {"1": {"started": 99.0}, "2": {"started": 998.0}, "3": {"started": 5000.0}}
    found = measure_overhead(attempts, sessions)
    assert found.between_seconds == 0.0
    assert found.startup_seconds == pytest.approx(3.0)


def test_a_worker_that_died_leaves_the_time_it_was_heard_of():
    attempts = [attempt("a", 100.0, None, seen=107.0), attempt("b", 108.0, 118.0, 10.0)]
    found = measure_overhead(attempts, {})
    assert (found.broken_off, found.broken_off_seconds) == (1, pytest.approx(7.0))
    assert found.run_seconds == 10.0


def test_without_runs_there_is_no_share():
    assert measure_overhead([], {}).share is None
