"""Plot of forces against the reference."""

import numpy as np

from openmm_mlff.config import short_name
from openmm_mlff.plots import (
    Axis,
    Level,
    Line,
    Mark,
    Panel,
    Plot,
    Points,
    element_colours,
    finite_or_nan,
)
from openmm_mlff.report.selection import stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Labels

MOST_COMPONENTS = 1500
"""Maximum of force components drawn, evenly selected and including the worst."""

WORST = 20
BINS = 41
LEAST_REACH_EV_PER_ANGSTROM = 1e-3


def plot_forces(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot predicted against reference forces, residuals and their histogram; None without data.

    All errors shown come from the result of `force_accuracy`.
    """
    record = stored_record(evidence, "reference_labels", Labels)
    if record is None:
        return None
    predicted, reference = (
        finite_or_nan(record.model_forces),
        finite_or_nan(record.reference_forces),
    )
    residual = predicted - reference
    known = np.isfinite(residual)
    if not known.any():
        return None
    shown = known & _selection(np.where(known, np.abs(residual), -1.0))
    symbols = np.array(evidence.system.symbols)
    errors = {} if result is None else result.evidence.get("per_element") or {}
    times_ps = np.asarray(record.time_ps)[:, None, None]
    parity: list[Mark] = []
    scatter: list[Mark] = []
    # The most frequent element is drawn first, so that it does not cover others.
    colours = element_colours(evidence.system.symbols)
    for symbol in sorted(colours, key=lambda one: (-int((symbols == one).sum()), one)):
        mine = shown & (symbols == symbol)[None, :, None]
        name = f"{symbol}, RMSE {number(errors[symbol])} eV/Å" if symbol in errors else symbol
        frames = {"run": record.run, "time_ps": np.broadcast_to(times_ps, mine.shape)[mine]}
        parity.append(Points(reference[mine], predicted[mine], name, colours[symbol], **frames))
        scatter.append(Points(reference[mine], residual[mine], name, colours[symbol], **frames))
    reach = 1.06 * max(
        float(np.nanmax(np.abs(predicted))),
        float(np.nanmax(np.abs(reference))),
        LEAST_REACH_EV_PER_ANGSTROM,
    )
    ends = (-reach, reach)
    rmse = None if result is None else result.value
    largest = 1.06 * max(float(np.nanmax(np.abs(residual))), rmse or LEAST_REACH_EV_PER_ANGSTROM)
    counts, edges = np.histogram(residual[known], bins=BINS, range=(-largest, largest))
    middles = 0.5 * (edges[1:] + edges[:-1])
    histogram: list[Mark] = [Line(middles, counts, "", "muted", "solid", steps=True)]
    scatter.append(Level(0.0, "", "ink", "solid"))
    for value in () if rmse is None else (rmse, -rmse):
        scatter.append(Level(value, "± RMSE"))
        histogram.append(Line([value] * 2, [0.0, counts.max()], "± RMSE", "bad", "dashed"))
    label, difference = "Reference force (eV/Å)", "Predicted − reference (eV/Å)"
    parity.insert(0, Line(ends, ends, "", "ink", "solid"))
    panels = [
        Panel(Axis(label, ends), Axis("Predicted force (eV/Å)", ends), parity),
        Panel(Axis(label, ends), Axis(difference, (-largest, largest)), scatter),
        Panel(Axis(difference, (-largest, largest)), Axis("Components"), histogram),
    ]
    caption = _caption(evidence, record, result, shown=int(shown.sum()))
    title = "Forces against the reference"
    return Plot(title, panels, caption, name="forces", columns=3, height_inch=2.4)


def _selection(errors: np.ndarray) -> np.ndarray:
    """Select components evenly, and the worst ones."""
    chosen = np.zeros(errors.size, dtype=bool)
    chosen[:: max(1, -(-errors.size // MOST_COMPONENTS))] = True
    chosen[np.argsort(errors.ravel())[-WORST:]] = True
    return chosen.reshape(errors.shape)


def _caption(evidence: Evidence, record: Labels, result: CheckResult | None, *, shown: int) -> str:
    frames, atoms, _ = record.model_forces.shape
    parts = [
        f"Force components of {evidence.system.name} on {frames} frames of the potential's own "
        f"trajectories, predicted against {short_name(record.reference)}: (a) parity, (b) "
        f"residuals, (c) their histogram. "
        f"{shown} of {3 * frames * atoms} are drawn, including the worst."
    ]
    if record.refused:
        parts.append(f"The reference refused {record.refused} further frames.")
    found = {} if result is None else result.evidence
    errors = [
        f"{name} {number(found[key])}{unit}"
        for name, key, unit in (
            ("MAE", "mae_ev_per_angstrom", " eV/Å"),
            ("median angle between the force vectors", "angle_median_degrees", "°"),
        )
        if found.get(key) is not None
    ]
    errors += [f"R² {found['r2']:.4f}"] if found.get("r2") is not None else []
    return " ".join([*parts, *([f"{', '.join(errors)}."] if errors else [])])
