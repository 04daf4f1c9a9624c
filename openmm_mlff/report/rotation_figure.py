"""Figure of the energy against the rotation angle of the molecule."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.surface.rotation_invariance import Record
from openmm_mlff.report.canvas import (
    GREY,
    PALETTE,
    SINGLE_COLUMN_INCH,
    FigureRecord,
    drawing,
    finite_or_nan,
    legend_above,
)
from openmm_mlff.report.captions import subject, verdict_sentence
from openmm_mlff.report.selection import find_measure
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

CHECK_ID = "rotation_invariance"
UNIT = "meV/atom"
AXES = ("x", "y", "z")
STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
LEAST_REACH_MEV_PER_ATOM = 0.1
ROOM = 1.6
"""The axis extends to at least this multiple of the limit.

Noise of an invariant model then looks as small as it is.
"""


def rotation_scan(observations: Evidence) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the energy of the minimum under rotation about x, y and z.

    Returns:
        Angles (A,), degrees, and energies relative to zero rotation (3, A), meV/atom; None where
            there is no scan.
    """
    record = stored_record(observations, CHECK_ID, Record)
    if record is None:
        return None
    changes_ev = finite_or_nan(record.scan_energy_changes_ev)
    if not np.isfinite(changes_ev).any():
        return None
    return record.scan_angles_degrees, changes_ev * MEV_PER_EV / observations.system.n_atoms


def rotation_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the energy of the minimum against the rotation angle about x, y and z, if available."""
    scan = rotation_scan(observations)
    if scan is None:
        return None
    angles_degrees, changes_mev = scan
    measure = None if result is None else find_measure(result, unit=UNIT)
    limit = None if measure is None else measure.threshold
    headline = subject(observations, model=model)
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.5, headline=headline) as figure:
        axes = figure.subplots()
        for k, name in enumerate(AXES):
            axes.plot(
                angles_degrees,
                changes_mev[k],
                color=PALETTE[k],
                linestyle=STYLES[k],
                linewidth=1.2,
                label=f"about {name}",
            )
        _finish(axes, changes_mev=changes_mev, limit=limit)
    span = number(float(np.nanmax(changes_mev) - np.nanmin(changes_mev)))
    caption = (
        f"Energy of {observations.system.name} at its minimum against the angle by which the "
        f"molecule is turned about x, y and z: it spans {span} {UNIT}, and should be constant."
        f"{verdict_sentence(result, unit=UNIT, what='Over random rotations it changes by up to')}"
    )
    return FigureRecord(path, "Energy against rotation", caption, observations.system.name)


def _finish(axes: Axes, *, changes_mev: np.ndarray, limit: float | None) -> None:
    reach = ROOM * (limit or LEAST_REACH_MEV_PER_ATOM)
    low = min(float(np.nanmin(changes_mev)), 0.0)
    high = max(float(np.nanmax(changes_mev)), 0.0)
    margin = 0.06 * (high - low)
    axes.set_ylim(min(low - margin, -reach), max(high + margin, reach))
    if limit is not None:
        axes.axhspan(
            -limit,
            limit,
            color=GREY,
            alpha=0.3,
            linewidth=0.4,
            zorder=0,
            label=f"allowed: ±{number(limit)}",
        )
    axes.set_xlim(0.0, 360.0)
    axes.set_xticks(np.arange(0.0, 361.0, 60.0))
    axes.set_xlabel("Angle (°)")
    axes.set_ylabel("$E(\\theta) - E(0)$ (meV/atom)")
    legend_above(axes, columns=2)
