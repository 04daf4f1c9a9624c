"""Figures of the structure: bond lengths, RMSD and radius of gyration against time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openmm_mlff.report.canvas import (
    INK,
    PALETTE,
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    Limits,
    drawing,
    failure_text,
    finish_time_axis,
    finite_or_nan,
    mark_failures,
    panel_letters,
    robust_limits,
    run_colours,
)
from openmm_mlff.report.captions import cut_sentence, ending_sentence, run_sentence, subject
from openmm_mlff.storage.runs import Evidence, Run, TrajectorySeries

LEAST_LENGTH_SPAN_ANGSTROM = 0.02
MOST_BOND_TYPES = 10
STRIP_INCH = 0.62

SHAPE_PANELS = {
    "rmsd_angstrom": "RMSD (Å)",
    "radius_of_gyration_angstrom": "Radius of gyration (Å)",
}

Tracked = Sequence[tuple[Run, TrajectorySeries]]


def bond_figure(observations: Evidence, *, path: Path, model: str = "") -> FigureRecord | None:
    """Draw bond lengths against time, one strip per type; None without bond lengths."""
    n_bonds = len(observations.system.bonds or ())
    tracked = [
        (run, series)
        for run, series in tracked_runs(observations, values="bond_lengths_angstrom")
        if series.bond_lengths_angstrom.shape[1:] == (n_bonds,)
    ]
    if not tracked:
        return None
    types = bond_types(observations)
    shown = dict(list(types.items())[:MOST_BOND_TYPES])
    with drawing(
        path,
        width_inch=SINGLE_COLUMN_INCH,
        height_inch=max(2.0, 0.75 + STRIP_INCH * len(shown)),
        headline=subject(observations, model=model),
    ) as figure:
        starts = _starting_lengths_angstrom(observations)
        limits = _draw_strips(figure, tracked, types=shown, starts=starts)
        figure.supylabel("Bond length (Å)", fontsize=8.0)
    runs = [run for run, _ in tracked]
    left_out = len(types) - len(shown)
    more = f" {left_out} further types are left out." if left_out else ""
    caption = (
        f"Bond lengths in {observations.system.name}{run_sentence(runs)} by type of bond: mean "
        f"(line), range over the bonds of that type (band), starting structure (dotted).{more}"
        f"{_cut(limits)}{ending_sentence(runs)}"
    )
    return FigureRecord(path, "Bond lengths", caption, observations.system.name)


def shape_figure(observations: Evidence, *, path: Path, model: str = "") -> FigureRecord | None:
    """Draw RMSD and radius of gyration against time; None without either."""
    found = {values: tracked_runs(observations, values=values) for values in SHAPE_PANELS}
    found = {values: tracked for values, tracked in found.items() if tracked}
    if not found:
        return None
    tracked = next(iter(found.values()))
    runs = [run for run, _ in tracked]
    limits = []
    with drawing(
        path,
        width_inch=SINGLE_COLUMN_INCH,
        height_inch=1.0 + 1.3 * len(found),
        headline=subject(observations, model=model),
    ) as figure:
        panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0].tolist()
        for axes, (values, series) in zip(panels, found.items(), strict=True):
            limits.append(_draw_lines(axes, series, values=values))
            axes.set_ylabel(SHAPE_PANELS[values])
            mark_failures(axes, runs, label=axes is panels[0])
        _finish_column(panels, tracked)
        if len(runs) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=4)
    caption = (
        f"Structure of {observations.system.name} against time{run_sentence(runs)}: root mean "
        "square deviation from the first frame after superposition, and radius of gyration."
        f"{_cut(limits)}{ending_sentence(runs)}"
    )
    return FigureRecord(path, "RMSD and radius of gyration", caption, observations.system.name)


def tracked_runs(observations: Evidence, *, values: str) -> list[tuple[Run, TrajectorySeries]]:
    """Return the runs whose trajectory has at least one finite value of the given kind."""
    return [
        (run, run.trajectory)
        for run in observations.runs
        if run.trajectory is not None
        and np.isfinite(run.trajectory.time_ps).any()
        and np.isfinite(getattr(run.trajectory, values)).any()
    ]


def bond_types(observations: Evidence) -> dict[str, list[int]]:
    """Group bonds by their elements, e.g. ``C–H``."""
    symbols = observations.system.symbols
    types: dict[str, list[int]] = {}
    for k, (i, j) in enumerate(observations.system.bonds or ()):
        # Hydrogen is last, by convention.
        pair = sorted((symbols[i], symbols[j]), key=lambda symbol: (symbol == "H", symbol))
        types.setdefault("–".join(pair), []).append(k)
    return dict(sorted(types.items()))


def _starting_lengths_angstrom(observations: Evidence) -> npt.NDArray[np.float64]:
    """Return the bond lengths of the starting structure, (B,), Å."""
    pairs = np.array(observations.system.bonds or (), dtype=np.int64).reshape(-1, 2)
    positions = observations.system.positions_angstrom
    return np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)


def _draw_strips(
    figure: Figure,
    tracked: Tracked,
    *,
    types: Mapping[str, Sequence[int]],
    starts: npt.NDArray[np.float64],
) -> list[Limits]:
    """Draw stacked strips of all bond types."""
    strips = figure.subplots(len(types), 1, sharex=True, squeeze=False)[:, 0].tolist()
    runs = [run for run, _ in tracked]
    limits = []
    for k, (axes, (name, bonds)) in enumerate(zip(strips, types.items(), strict=True)):
        colour = PALETTE[k % len(PALETTE)]
        limits.append(_draw_strip(axes, tracked, bonds=bonds, starts=starts, colour=colour))
        count = f" ×{len(bonds)}" if len(bonds) > 1 else ""
        axes.set_title(f"{name}{count}", loc="right", fontsize=7.0, pad=1.5)
        mark_failures(axes, runs, label=len(types) == 1)
    _finish_column(strips, tracked)
    if len(types) > 1:
        # The strips are too low for a label along the axis.
        words = "; ".join(failure_text(run.failure) for run in runs if run.failure)
        strips[0].set_title(words, fontsize=6.5, color=VERMILLION, pad=1.5)
    return limits


def _draw_strip(
    axes: Axes,
    tracked: Tracked,
    *,
    bonds: Sequence[int],
    starts: npt.NDArray[np.float64],
    colour: str,
) -> Limits:
    """Draw mean and range of one bond type, all replicas in one colour."""
    pooled = [np.array([starts[list(bonds)].mean()])]
    axes.axhline(float(pooled[0][0]), color=INK, linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=3)
    for _, series in tracked:
        lengths = finite_or_nan(series.bond_lengths_angstrom[:, list(bonds)])
        known = np.isfinite(lengths).any(axis=1)
        time_ps, lengths = series.time_ps[known], lengths[known]
        if not len(lengths):
            continue
        pooled.append(lengths.ravel())
        low, high = np.nanmin(lengths, axis=1), np.nanmax(lengths, axis=1)
        axes.fill_between(time_ps, low, high, color=colour, alpha=0.35, linewidth=0)
        axes.plot(time_ps, np.nanmean(lengths, axis=1), color=colour, linewidth=0.45)
    limits = robust_limits(np.concatenate(pooled), least_span=LEAST_LENGTH_SPAN_ANGSTROM)
    axes.set_ylim(limits.low, limits.high)
    axes.locator_params(axis="y", nbins=3)
    return limits


def _draw_lines(axes: Axes, tracked: Tracked, *, values: str) -> Limits:
    """Draw one quantity, one colour per replica."""
    pooled: list[npt.NDArray[np.float64]] = []
    colours = run_colours([run for run, _ in tracked])
    for (run, series), colour in zip(tracked, colours, strict=True):
        pooled.append(finite_or_nan(getattr(series, values)))
        label = f"replica {run.replica}"
        axes.plot(series.time_ps, pooled[-1], color=colour, linewidth=0.7, label=label)
    limits = robust_limits(np.concatenate(pooled), least_span=LEAST_LENGTH_SPAN_ANGSTROM)
    axes.set_ylim(limits.low, limits.high)
    return limits


def _finish_column(panels: Sequence[Axes], tracked: Tracked) -> None:
    """Label stacked panels and set their common time axis."""
    last_ps = max(float(np.nanmax(series.time_ps)) for _, series in tracked)
    finish_time_axis(panels[-1], [run for run, _ in tracked], last_ps=last_ps)
    if len(panels) > 1:
        panel_letters(panels)


def _cut(limits: Sequence[Limits]) -> str:
    """Return a sentence on data outside the panels."""
    clipped = [limit for limit in limits if limit.clipped]
    if not clipped:
        return ""
    return cut_sentence(max(clipped, key=lambda limit: abs(limit.farthest)), unit="Å")
