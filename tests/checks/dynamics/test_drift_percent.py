import numpy as np
import pytest

from openmm_mlff.checks.dynamics.drift_percent import CHECK
from openmm_mlff.results import Status


@pytest.fixture
def judge(judge_runs):
    return judge_runs(CHECK)


def from_to(start_ev, end_ev):
    return np.linspace(start_ev, end_ev, 2000)


@pytest.mark.parametrize(
    ("end_ev", "percent", "status"),
    [(-99.5, 0.5, Status.PASS), (-102.0, 2.0, Status.FAIL), (-98.0, 2.0, Status.FAIL)],
)
def test_the_change_is_relative_to_the_start(judge, water, make_run, end_ev, percent, status):
    result = judge(water, make_run(water, total_ev=from_to(-100.0, end_ev)))
    assert result.status is status
    assert result.value == pytest.approx(percent)


def test_the_largest_change_of_the_replicas_counts_with_its_sign_kept(judge, water, make_run):
    runs = [
        make_run(water, total_ev=from_to(-100.0, -100.5)),
        make_run(water, replica=1, total_ev=from_to(-100.0, -97.0)),
    ]
    result = judge(water, *runs)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(3.0)
    changes = result.evidence["change_percent_by_run"]
    assert list(changes.values()) == pytest.approx([-0.5, 3.0])


def test_an_end_that_is_not_finite_fails(judge, water, make_run):
    total_ev = from_to(-100.0, -100.0)
    total_ev[-1] = np.nan
    assert judge(water, make_run(water, total_ev=total_ev)).status is Status.FAIL


def test_an_energy_that_starts_at_zero_has_no_percentage(judge, water, make_run):
    total_ev = np.concatenate([[0.0], np.ones(1999)])
    assert judge(water, make_run(water, total_ev=total_ev)).status is Status.NOT_APPLICABLE


def test_a_sound_potential_passes(measured, sound):
    assert measured(CHECK, sound()).status is Status.PASS


def test_a_potential_that_heats_fails(measured, faulty):
    result = measured(CHECK, faulty("drag", strength=-8.0))
    assert result.status is Status.FAIL
    assert result.value > result.threshold
