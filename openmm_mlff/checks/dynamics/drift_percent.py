"""By how many percent does the total energy change?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, judged, not_applicable
from openmm_mlff.checks.inputs import check_of_replicas, demand_survival, judged_rows
from openmm_mlff.config import Limits
from openmm_mlff.storage.runs import Runs

SMALLEST_ENERGY_EV = 1e-9  # a smaller magnitude is rounding of zero


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the largest (E_end − E_start) / |E_start| of the replicas with ``drift`` (%).

    It depends on the zero of energy (6 % was measured for a healthy model and 0.001 % for a
    broken one), so it is only reported.
    """
    rows = judged_rows(
        record, lambda run: (run.energies.time_ps, run.energies.total_ev), fewest=2, name="energies"
    )
    if isinstance(rows, Judgement):
        return rows
    changes = {}
    for run, count in rows:
        total_ev = run.energies.total_ev[:count]
        if abs(total_ev[0]) < SMALLEST_ENERGY_EV:
            return not_applicable("the total energy starts at zero, so a percentage is undefined")
        changes[run.name] = 100.0 * float((total_ev[-1] - total_ev[0]) / abs(total_ev[0]))
    clause = "between start and end the total energy changes by"
    measure = Measure(clause, float(np.abs(list(changes.values())).max()), limits["drift"])
    return demand_survival(record, judged([measure], evidence={"change_percent_by_run": changes}))


CHECK = check_of_replicas(
    __name__,
    formula="(E_end − E_start) / |E_start|",
    source="the criterion the published students were approved by",
    limits={"drift": "%"},
    consequence="The total energy at the end differs from that at the start; `energy_drift` "
    "decides whether it drifts.",
    remedy="Judge by `energy_drift`; this number depends on the zero of energy.",
)
