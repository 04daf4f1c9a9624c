import numpy as np
import pytest

from openmm_mlff.results import Status

FLAT = np.full(2000, -100.0)


def to(end_ev):
    return np.linspace(-100.0, end_ev, 2000)


@pytest.mark.parametrize(
    ("totals_ev", "status", "percent"),
    [
        ([to(-99.5)], Status.PASS, 0.5),
        ([to(-102.0)], Status.FAIL, 2.0),
        ([to(-100.5), to(-97.0)], Status.FAIL, 3.0),
        ([np.where(np.arange(2000) < 1999, FLAT, np.nan)], Status.FAIL, np.nan),
        ([np.append(0.0, np.ones(1999))], Status.NOT_APPLICABLE, None),
    ],
)
def test_the_largest_change_is_relative_to_the_start(
    judge_runs, water, make_run, totals_ev, status, percent
):
    runs = [make_run(water, replica=k, total_ev=total) for k, total in enumerate(totals_ev)]
    judgement = judge_runs(*runs)
    assert judgement.status is status
    assert judgement.value == (None if percent is None else pytest.approx(percent, nan_ok=True))


def test_a_potential_that_heats_fails(measured, faulty):
    result = measured(faulty("drag", strength=-8.0))
    assert result.status is Status.FAIL
    assert result.value > result.threshold
