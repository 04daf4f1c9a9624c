"""What a validation cost: evaluations and seconds of each measurement and simulation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from openmm_mlff.report.terminal import plain_table
from openmm_mlff.report.wording import integer, number
from openmm_mlff.storage.runs import Evidence, Run
from openmm_mlff.units import ps_from_fs


@dataclass(frozen=True)
class Cost:
    """One measurement or simulation of one system.

    Attributes:
        evaluations: of the potential, or steps of a simulation; a batch of copies steps once.
        seconds: wall time; of a simulation that shared a Context, its share.
        is_production: whether it is a simulation that the protocol asks for by length.
    """

    system: str
    name: str
    evaluations: int
    seconds: float
    is_production: bool = False


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


def render_costs(costs: Sequence[Cost], *, console: Console) -> None:
    """Print what each measurement and simulation cost, and all over the production runs."""
    all_s = sum(cost.seconds for cost in costs)
    heads = ("Measurement or simulation", "Evaluations or steps", "Seconds", "Share")
    table = plain_table("Cost", heads=heads, right_from=1)
    for cost in costs:
        share = f"{100.0 * cost.seconds / all_s:.0f} %" if all_s else ""
        cells = (integer(cost.evaluations), number(cost.seconds), share)
        table.add_row(f"{cost.system}: {cost.name}", *cells)
    console.print(table)
    runs = [cost for cost in costs if cost.is_production]
    evaluations, steps = (sum(one.evaluations for one in some) for some in (costs, runs))
    text = f"All: {integer(evaluations)} evaluations in {number(all_s)} s"
    if steps:
        text += f", {number(evaluations / steps)} times the steps of the production runs"
        text += f" and {number(all_s / sum(run.seconds for run in runs))} times their wall time"
    console.print(f"{text}.", highlight=False)


def _of_run(system: str, run: Run) -> Cost:
    steps = round(run.completed_ps / ps_from_fs(run.condition.timestep_fs))
    own_ms = float(np.mean(run.ms_per_step_blocks)) / run.replicas
    return Cost(system, run.name, steps, steps * own_ms / 1000.0, is_production=True)
