"""Plots of the structure against time: bond lengths, RMSD and radius of gyration."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from openmm_mlff.plots import Axis, Band, Level, Line, Mark, Panel, Plot, finite_or_nan
from openmm_mlff.report.plot_parts import (
    Range,
    cut_sentence,
    ending_sentence,
    failures,
    robust_range,
    run_lines,
    run_sentence,
    time_axis,
)
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence, Run, TrajectorySeries

LEAST_LENGTH_SPAN_ANGSTROM = 0.02
MOST_BOND_TYPES = 10
STRIP_INCH, PANEL_INCH = 0.65, 1.3
SHAPE_PANELS = {
    "rmsd_angstrom": "RMSD (Å)",
    "radius_of_gyration_angstrom": "Radius of gyration (Å)",
}


def plot_bonds(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot bond lengths against time, one panel per type; None without bond lengths."""
    del result
    system = evidence.system
    tracked = [
        (run, series)
        for run, series in _tracked(evidence, "bond_lengths_angstrom")
        if series.bond_lengths_angstrom.shape[1:] == (len(system.bonds or ()),)
    ]
    if not tracked:
        return None
    pairs = np.array(system.bonds, dtype=np.int64).reshape(-1, 2)
    ends = system.positions_angstrom[pairs]
    starts = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    types = bond_types(evidence)
    shown = list(types.items())[:MOST_BOND_TYPES]
    panels, ranges = [], []
    for k, (name, bonds) in enumerate(shown):
        marks, span = _bond_marks(tracked, bonds, starts[bonds], colour=k)
        count = f" ×{len(bonds)}" if len(bonds) > 1 else ""
        panels.append(_panel(tracked, marks, Axis("Length (Å)", span.ends), is_first=k == 0))
        panels[-1] = replace(panels[-1], title=f"{name}{count}")
        ranges.append(span)
    runs = [run for run, _ in tracked]
    left_out = len(types) - len(shown)
    caption = (
        f"Bond lengths in {system.name}{run_sentence(runs)} by type of bond: mean (line), range "
        f"over the bonds of that type (band), starting structure (dotted)."
        f"{f' {left_out} further types are not shown.' if left_out else ''}"
        f"{cut_sentence(ranges, 'Å')}{ending_sentence(runs)}"
    )
    height = max(STRIP_INCH, 1.5 / len(panels))
    return Plot("Bond lengths", panels, caption, name="bonds", height_inch=height)


def plot_shape(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot RMSD and radius of gyration against time; None without either."""
    del result
    panels: list[Panel] = []
    ranges: list[Range] = []
    runs: list[Run] = []
    for values, label in SHAPE_PANELS.items():
        if tracked := _tracked(evidence, values):
            runs = [run for run, _ in tracked]
            curves = {run.name: (one.time_ps, getattr(one, values)) for run, one in tracked}
            span = robust_range(
                np.concatenate([y for _, y in curves.values()]),
                least_span=LEAST_LENGTH_SPAN_ANGSTROM,
            )
            # The only replica needs no name.
            marks = run_lines(runs, curves, name="")
            panels.append(_panel(tracked, marks, Axis(label, span.ends), is_first=not panels))
            ranges.append(span)
    if not panels:
        return None
    caption = (
        f"Structure of {evidence.system.name} against time{run_sentence(runs)}: root mean square "
        "deviation from the first frame after superposition, and radius of gyration."
        f"{cut_sentence(ranges, 'Å')}{ending_sentence(runs)}"
    )
    title = "RMSD and radius of gyration"
    return Plot(title, panels, caption, name="shape", height_inch=PANEL_INCH)


def bond_types(evidence: Evidence) -> dict[str, list[int]]:
    """Group bonds by their elements, e.g. ``C–H``."""
    symbols = evidence.system.symbols
    types: dict[str, list[int]] = {}
    for k, (i, j) in enumerate(evidence.system.bonds or ()):
        # Hydrogen is last, by convention.
        pair = sorted((symbols[i], symbols[j]), key=lambda symbol: (symbol == "H", symbol))
        types.setdefault("–".join(pair), []).append(k)
    return dict(sorted(types.items()))


def _tracked(evidence: Evidence, values: str) -> list[tuple[Run, TrajectorySeries]]:
    """Return the runs whose trajectory has at least one finite value of the given kind."""
    return [
        (run, run.trajectory)
        for run in evidence.runs
        if run.trajectory is not None
        and np.isfinite(run.trajectory.time_ps).any()
        and np.isfinite(getattr(run.trajectory, values)).any()
    ]


def _panel(
    tracked: Sequence[tuple[Run, TrajectorySeries]],
    marks: Sequence[Mark],
    y_axis: Axis,
    *,
    is_first: bool,
) -> Panel:
    """Return a panel over time; failures have their text in the first."""
    runs = [run for run, _ in tracked]
    events = [one if is_first else replace(one, text="") for one in failures(runs)]
    time_ps = time_axis(runs, [(one.time_ps, one.time_ps) for _, one in tracked])
    return Panel(time_ps, y_axis, [*marks, *events])


def _bond_marks(
    tracked: Sequence[tuple[Run, TrajectorySeries]],
    bonds: Sequence[int],
    starts: np.ndarray,
    *,
    colour: int,
) -> tuple[list[Mark], Range]:
    """Return mean and range of one bond type, all replicas in one colour."""
    marks: list[Mark] = []
    pooled = [np.array([starts.mean()])]
    for run, series in tracked:
        lengths = finite_or_nan(series.bond_lengths_angstrom[:, list(bonds)])
        known = np.isfinite(lengths).any(axis=1)
        time_ps, lengths = series.time_ps[known], lengths[known]
        if len(lengths):
            pooled.append(lengths.ravel())
            low, high = np.nanmin(lengths, axis=1), np.nanmax(lengths, axis=1)
            if len(bonds) > 1:
                marks.append(Band(low, high, time_ps, "range", colour))
            means = np.nanmean(lengths, axis=1)
            marks.append(Line(time_ps, means, "mean", colour, "solid", run=run.name))
    marks.append(Level(float(starts.mean()), "start", "ink", "dotted"))
    span = robust_range(np.concatenate(pooled), least_span=LEAST_LENGTH_SPAN_ANGSTROM)
    return marks, span
