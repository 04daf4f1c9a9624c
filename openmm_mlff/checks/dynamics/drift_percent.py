"""By how many percent does the total energy change? The number that older reports quote."""

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, judged, not_applicable
from openmm_mlff.checks.inputs import (
    demand_survival,
    finite_rows,
    read_runs,
    too_few_rows,
    unusable_runs,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.runs import Runs

SMALLEST_ENERGY_EV = 1e-9
"""What is nearer to zero is the rounding of an energy that is zero."""


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the last total energy with the first: (E_end − E_start) / |E_start|.

    It depends on the zero of energy (6 % was measured for a healthy model and 0.001 % for a
    broken one), so it only informs.

    Args:
        record: the replicas of one condition.
        limits: ``drift`` (%).

    Returns:
        PASS or FAIL by the largest change among the replicas.
    """
    unusable = unusable_runs(record)
    if unusable is not None:
        return unusable
    changes = {}
    for run in record.runs:
        total_ev, time_ps = run.energies.total_ev, run.energies.time_ps
        if run.failure is not None:
            total_ev = total_ev[: finite_rows(total_ev)]
        short = too_few_rows(run, len(total_ev), time_ps=time_ps, fewest=2, name="energies")
        if short is not None:
            return short
        if abs(total_ev[0]) < SMALLEST_ENERGY_EV:
            return not_applicable(
                "the total energy starts at zero, of which there is no percentage"
            )
        changes[run.name] = 100.0 * float((total_ev[-1] - total_ev[0]) / abs(total_ev[0]))
    clause = "between start and end the total energy changes by"
    measure = Measure(clause, float(np.abs(list(changes.values())).max()), limits["drift"])
    return demand_survival(record, judged([measure], evidence={"change_percent_by_run": changes}))


CHECK = Check(
    id="drift_percent",
    group="dynamics",
    scope="condition",
    question="By how many percent does the total energy change?",
    formula="(E_end − E_start) / |E_start|",
    unit="%",
    source="the criterion the published students were approved by",
    limits={"drift": "%"},
    consequence="The total energy at the end is not that at the start; see energy_drift for "
    "whether it is a drift.",
    remedy="Judge by energy_drift; this number depends on the zero of energy.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)
