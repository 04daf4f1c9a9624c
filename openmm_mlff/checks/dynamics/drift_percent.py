"""By how many percent does the total energy change? The number older reports quote."""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import demand_survival, finite_rows, reaches, unusable_runs
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def drift_percent(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the last total energy with the first: (E_end − E_start) / |E_start|.

    It depends on the zero of energy (6 % was measured for a healthy model and 0.001 % for a
    broken one), so it informs and decides nothing alone.

    Args:
        observations: with the replicas of one condition.
        criteria: ``drift`` (%).

    Returns:
        PASS or FAIL by the largest change among the replicas.
    """
    unusable = unusable_runs(SPEC, observations)
    if unusable is not None:
        return unusable
    limit = SPEC.threshold(criteria, name="drift")
    changes = {}
    for run in observations.runs:
        total_ev = run.energies.total_ev
        if run.failure is not None:
            total_ev = total_ev[: finite_rows(total_ev)]
        elif not reaches(run.energies.time_ps, end_ps=run.completed_ps):
            reason = f"the energies of {run.name} end before its {run.completed_ps:g} ps do"
            return SPEC.inconclusive(observations, reason=reason)
        if len(total_ev) < 2 or total_ev[0] == 0.0:
            reason = f"{run.name} has no two energies to compare, or starts at zero energy"
            return SPEC.inconclusive(observations, reason=reason)
        changes[run.name] = 100.0 * float((total_ev[-1] - total_ev[0]) / abs(total_ev[0]))
    value = float(np.abs(list(changes.values())).max())
    measure = Measure("the total energy ends away from its start by", value, limit)
    result = SPEC.judged(
        observations, measures=[measure], evidence={"change_percent_by_run": changes}
    )
    return demand_survival(SPEC, observations, result=result)


SPEC = CheckSpec(
    id="drift_percent",
    group="dynamics",
    scope="condition",
    title="By how many percent does the total energy change?",
    formula="(E_end − E_start) / |E_start|",
    unit="%",
    source="the criterion the published students were approved by",
    thresholds={"drift": "%"},
    failure_mode="The total energy at the end is not that at the start; see energy_drift for "
    "whether it is a drift.",
    remedy="Judge by energy_drift; this number depends on the zero of energy.",
    function=drift_percent,
)
