"""Charts of the energy surface: rotation of the molecule and short-range repulsion."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.report.html.charts.model import (
    Chart,
    Trace,
    axes,
    band,
    dash,
    dots,
    level,
    line,
    numbers,
    palette,
)
from openmm_mlff.report.rotation_figure import (
    AXES,
    LEAST_REACH_MEV_PER_ATOM,
    ROOM,
    UNIT,
    rotation_scan,
)
from openmm_mlff.report.selection import find_measure
from openmm_mlff.report.wall_figure import DrawnWall, read_walls, wall_limit_ev
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence

LOWEST_EV = 0.01
"""Lower end of the logarithmic energy axis; smaller values are drawn there."""


def rotation_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the energy of the minimum against the rotation angle about x, y and z, if available."""
    scan = rotation_scan(observations)
    if scan is None:
        return None
    angles_degrees, changes_mev = scan
    measure = None if result is None else find_measure(result, unit=UNIT)
    limit = None if measure is None else measure.threshold
    reach = ROOM * (limit or LEAST_REACH_MEV_PER_ATOM)
    low, high = float(np.nanmin(changes_mev)), float(np.nanmax(changes_mev))
    margin = 0.06 * (high - low)
    y_axis = {"range": numbers([min(low - margin, -reach), max(high + margin, reach)])}
    x_axis = {"range": [0, 360], "dtick": 60}
    return Chart(
        kind="rotation",
        title="Energy against rotation",
        traces=tuple(
            line(
                angles_degrees,
                changes_mev[k],
                name=f"about {name}",
                colour=palette(k),
                dashes=("solid", "dash", "dot")[k],
                width=2.0,
            )
            for k, name in enumerate(AXES)
        ),
        layout={
            **axes("Angle (°)", f"E(θ) − E(0) ({UNIT})", x=x_axis, y=y_axis),
            "shapes": [] if limit is None else [band(-limit, limit)],
        },
    )


def wall_chart(evidence: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the energy of each pair from contact to the shortest distance; None without pairs."""
    drawn = read_walls(evidence)
    if not drawn:
        return None
    needed_ev = wall_limit_ev(result)
    traces = [
        line(
            one.distances_angstrom,
            np.maximum(one.energies_ev, LOWEST_EV),
            name=one.wall.pair,
            colour=palette(k),
            dashes=dash(k),
            width=2.0,
        )
        for k, one in enumerate(drawn)
    ]
    traces += _wall_marks(drawn, needed_ev=needed_ev)
    highest = max(float(np.nanmax(one.energies_ev)) for one in drawn)
    top = 1.6 * max(highest, 2.0 * (needed_ev or 0.0), 1.0)
    y_axis = {"type": "log", "dtick": 1, "range": numbers([np.log10(LOWEST_EV), np.log10(top)])}
    layout = axes("Distance (Å)", "E(r) − E(lowest) (eV)", y=y_axis)
    if needed_ev is not None:
        layout |= _needed(needed_ev)
    return Chart(kind="walls", title="Atoms pushed together", traces=tuple(traces), layout=layout)


def _wall_marks(drawn: Sequence[DrawnWall], *, needed_ev: float | None) -> list[Trace]:
    """Mark the inner end of each wall that is too low, and holes behind a maximum."""
    low = [one for one in drawn if needed_ev is not None and one.wall.height_ev < needed_ev]
    holes = [one.hole() for one in drawn if one.wall.hole_ev > 0.0]
    marks = []
    if low:
        x = [one.distances_angstrom[0] for one in low]
        y = [max(float(one.energies_ev[0]), LOWEST_EV) for one in low]
        marks.append(dots(x, y, name="too low", colour="@bad", size=11, symbol="circle-open"))
    if holes:
        x, y = [hole[0] for hole in holes], [max(hole[1], LOWEST_EV) for hole in holes]
        marks.append(dots(x, y, name="hole", colour="@bad", size=9, symbol="triangle-down"))
    return marks


def _needed(needed_ev: float) -> dict[str, Any]:
    """Draw the required height of the wall with a label, on a logarithmic axis."""
    words = {
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": math.log10(needed_ev),
        "yanchor": "bottom",
        "text": f"needed: {number(needed_ev)} eV",
        "showarrow": False,
        "font": {"color": "@muted"},
    }
    return {"shapes": [level(needed_ev)], "annotations": [words]}
