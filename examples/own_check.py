"""A check of one's own: do the atoms stay within a certain size in the model's own dynamics?

openmm-mlff validate student:ultra-tiny -s water --protocol quick --plugin examples/own_check.py
"""

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def size_growth(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the largest radius of gyration in the runs of a condition with the first.

    Args:
        observations: with trajectories.
        criteria: ``growth`` (ratio).

    Returns:
        PASS or FAIL; SKIPPED where no run left a frame.
    """
    series = [run.trajectory for run in observations.runs if run.trajectory is not None]
    if not series:
        return SPEC.skipped(observations, reason="no trajectory left a frame")
    growth = max(
        float(one.radius_of_gyration_angstrom.max() / one.radius_of_gyration_angstrom[0])
        for one in series
    )
    limit = SPEC.threshold(criteria, name="growth")
    return SPEC.judged(
        observations, measures=[Measure("the molecule's size grows by a factor of", growth, limit)]
    )


SPEC = CheckSpec(
    id="size_growth",
    group="dynamics",
    scope="condition",
    title="Does the molecule keep its size?",
    formula="max Rg(t) / Rg(0)",
    unit="ratio",
    source="our own experience with drug-like molecules",
    thresholds={"growth": "ratio"},
    failure_mode="The molecule swells or falls apart, and its conformations mean nothing.",
    remedy="Train on stretched geometries.",
    function=size_growth,
)

CHECKS = (SPEC,)
CRITERIA = {"size_growth": {"growth": {"value": 1.5, "unit": "ratio", "source": "as above"}}}
