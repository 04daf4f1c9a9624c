"""What each measurement cost: evaluations and seconds, per system."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from openmm_mlff.storage.runs import Evidence, Run
from openmm_mlff.units import ps_from_fs


@dataclass(frozen=True)
class Cost:
    """One measurement or simulation of one system.

    Attributes:
        evaluations: of the potential outside OpenMM, or steps of a simulation.
        seconds: wall time; of a simulation that shared a Context, its share.
    """

    system: str
    name: str
    evaluations: int
    seconds: float


def cost_rows(evidence_by_system: Mapping[str, Evidence]) -> list[Cost]:
    """Return what was recorded, the longest first; a shared measurement appears once."""
    found = []
    for system, evidence in evidence_by_system.items():
        for name, measurement in evidence.measurements.items():
            if cost := measurement.cost:
                row = Cost(system, name, int(cost["evaluations"]), float(cost["seconds"]))
                found.append(row)
        found += [_of_run(system, run) for run in evidence.runs if len(run.ms_per_step_blocks)]
    return sorted(found, key=lambda row: -row.seconds)


def _of_run(system: str, run: Run) -> Cost:
    steps = round(run.completed_ps / ps_from_fs(run.condition.timestep_fs))
    own_ms = float(np.mean(run.ms_per_step_blocks)) / run.replicas
    return Cost(system, run.name, steps, steps * own_ms / 1000.0)
