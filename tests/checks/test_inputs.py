"""What several checks require of a record before they judge it."""

import numpy as np
import pytest

from openmm_mlff.checks import inputs
from openmm_mlff.checks.base import Measure
from openmm_mlff.checks.base import judged as judge_measures
from openmm_mlff.config import Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition, Runs


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
