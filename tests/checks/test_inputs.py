"""What several checks require of a record before they judge it."""

import numpy as np
import pytest

from openmm_mlff.checks import inputs
from openmm_mlff.checks.base import Measure
from openmm_mlff.checks.base import judged as judge_measures
from openmm_mlff.config import Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition, Runs


def test_largest_is_nan_where_anything_is():
    assert inputs.largest(np.array([1.0, -3.0])) == 3.0
    assert inputs.largest_norm(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]])) == 5.0
    assert np.isnan(inputs.largest(np.array([1.0, np.nan])))
    assert np.isnan(inputs.largest_norm(np.array([[np.inf, 0.0, 0.0]])))


@pytest.mark.parametrize(
    ("refused", "points", "judged"),
    [(0, 10, True), (2, 10, True), (3, 10, False), (10, 10, False), (0, 0, False)],
)
def test_four_fifths_of_the_points_are_the_fewest(refused, points, judged):
    which = np.arange(points) < refused
    found = inputs.too_many_refused(which, reasons=["SCF not converged"])
    assert (found is None) is judged
    fine = Measure("it is", 1.0, Threshold(value=2.0, unit="eV", source="a test"))
    assert ("refused" in judge_measures([fine], refused=which).clause) is (refused > 0)
    if found is not None:
        assert found.status is Status.INCONCLUSIVE
        assert found.evidence["refusals"] == ["SCF not converged"]


def test_energies_under_a_thermostat_are_not_judged(water, make_run):
    run = make_run(water, condition=RunCondition("nvt", 300.0, 0.5))
    found = inputs.unusable_runs(Runs(system=water, runs=(make_run(water), run)))
    assert found.status is Status.SKIPPED


def test_streams_reach_the_end_within_their_interval_and_stop_where_they_are_lost():
    time_ps = np.arange(1, 11) * 0.1
    assert inputs.reaches(time_ps, end_ps=1.05)
    assert not inputs.reaches(time_ps, end_ps=1.2)
    assert not inputs.reaches(np.empty(0), end_ps=1.0)
    assert inputs.reaches(np.array([1.0]), end_ps=1.0)
    column = np.array([1.0, 2.0, np.nan, 4.0])
    table = np.array([[0.0, 0.0], [0.0, np.inf], [0.0, 0.0], [0.0, 0.0]])
    assert inputs.finite_rows(column) == 2
    assert inputs.finite_rows(column, table) == 1
    assert inputs.finite_rows(np.ones(3)) == 3
    assert inputs.finite_rows(np.empty(0)) == 0
