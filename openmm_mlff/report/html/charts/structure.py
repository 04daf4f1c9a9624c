"""Chart of the bond lengths of a run by type, relative to the start."""

from typing import Any

import numpy as np

from openmm_mlff.report.canvas import robust_limits
from openmm_mlff.report.html.charts.model import (
    Chart,
    Trace,
    axes,
    dash,
    failure_marks,
    line,
    palette,
    span,
)
from openmm_mlff.report.structure_figures import (
    LEAST_LENGTH_SPAN_ANGSTROM,
    MOST_BOND_TYPES,
    bond_types,
    tracked_runs,
)
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence


def bond_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the shortest and longest bond of each type against time; None without bond lengths."""
    del result
    n_bonds = len(observations.system.bonds or ())
    tracked = [
        series
        for _, series in tracked_runs(observations, values="bond_lengths_angstrom")
        if series.bond_lengths_angstrom.shape[1:] == (n_bonds,)
    ]
    if not tracked:
        return None
    traces: list[Trace] = []
    for k, (name, bonds) in enumerate(list(bond_types(observations).items())[:MOST_BOND_TYPES]):
        style: dict[str, Any] = {
            "colour": palette(k),
            "dashes": dash(k),
            "width": 1.0,
            "legendgroup": name,
        }
        for series in tracked:
            lengths = series.bond_lengths_angstrom[:, bonds]
            ends = [lengths.max(axis=1)] if len(bonds) == 1 else [lengths.max(1), lengths.min(1)]
            for end in ends:
                first = not any(trace.get("legendgroup") == name for trace in traces)
                traces.append(line(series.time_ps, end, name=name, showlegend=first, **style))
    pooled = np.concatenate([series.bond_lengths_angstrom.ravel() for series in tracked])
    limits = robust_limits(pooled, least_span=LEAST_LENGTH_SPAN_ANGSTROM)
    return Chart(
        kind="bonds",
        title="Bond lengths",
        traces=tuple(traces),
        layout={
            **axes("Time (ps)", "Bond length (Å)", y=span(limits)),
            **failure_marks(observations.runs),
        },
        caption=f"Shortest and longest bond of each type in {observations.system.name} against "
        "time: a bond that breaks leaves the band.",
    )
