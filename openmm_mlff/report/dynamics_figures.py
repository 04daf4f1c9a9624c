"""Figures of conservation: total energy and temperature against time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from openmm_mlff.report.canvas import (
    GREY,
    INK,
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    Limits,
    drawing,
    finish_time_axis,
    finite_or_nan,
    legend_above,
    mark_failures,
    robust_limits,
    run_colours,
)
from openmm_mlff.report.captions import cut_sentence, ending_sentence, run_sentence, subject
from openmm_mlff.report.wording import fitted_slope, interval_half_width, number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence, Run
from openmm_mlff.units import MEV_PER_EV

LEAST_ENERGY_SPAN_MEV_PER_ATOM = 0.01
LEAST_TEMPERATURE_SPAN_KELVIN = 1.0
RUNNING_MEAN_PS = 0.5
CONSTANT_ENERGY = (
    " At constant energy the temperature of a small molecule swings widely, and its mean need not "
    "equal the target."
)

SIZE: Final[dict[str, Any]] = {"width_inch": SINGLE_COLUMN_INCH, "height_inch": 2.5}
DASHED: Final[dict[str, Any]] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}
DOTTED: Final[dict[str, Any]] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (1, 1.5))}

Series = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def energy_figure(
    observations: Evidence, *, path: Path, drift: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the total energy per atom relative to the start; None where no energy was written.

    Slope and interval of the line are those of `energy_drift`; it passes through the mean of time
    and energy, as every least-squares line does.
    """
    curves = energy_changes(observations)
    if not curves:
        return None
    limits = _limits(curves, least_span=LEAST_ENERGY_SPAN_MEV_PER_ATOM)
    runs = [run for run in observations.runs if run.name in curves]
    headline = subject(observations, model=model)
    with drawing(path, **SIZE, headline=headline) as figure:
        axes = figure.subplots()
        _draw_curves(axes, runs, curves=curves, label="total energy")
        if drift is not None:
            _draw_drift(axes, drift, curves=list(curves.values()))
        _finish(axes, limits=limits, runs=runs, curves=curves)
        axes.set_ylabel("$E_\\mathrm{total} - E_\\mathrm{start}$ (meV/atom)")
    caption = (
        f"Total energy of {observations.system.name} relative to the start of the run"
        f"{run_sentence(runs)}. {_drift_sentence(drift)}"
        f"{cut_sentence(limits, unit='meV/atom')}{ending_sentence(runs)}"
    )
    return FigureRecord(path, "Total energy", caption, observations.system.name)


def temperature_figure(
    observations: Evidence, *, path: Path, model: str = ""
) -> FigureRecord | None:
    """Draw temperature, running mean, mean and target; None where no temperature was written."""
    curves = run_series(observations, values="temperature_kelvin")
    if not curves:
        return None
    limits = _limits(curves, least_span=LEAST_TEMPERATURE_SPAN_KELVIN)
    pooled = np.concatenate([values for _, values in curves.values()])
    mean, deviation = number(float(np.nanmean(pooled))), number(float(np.nanstd(pooled)))
    runs = [run for run in observations.runs if run.name in curves]
    target = f"{runs[0].condition.temperature_kelvin:g}"
    headline = subject(observations, model=model)
    with drawing(path, **SIZE, headline=headline) as figure:
        axes = figure.subplots()
        _draw_curves(axes, runs, curves=curves, label="instantaneous")
        if len(runs) == 1:
            _draw_running_mean(axes, *curves[runs[0].name])
        axes.axhline(float(mean), color=VERMILLION, linewidth=1.1, label=f"mean {mean} K")
        axes.axhline(float(target), **DASHED, label=f"target {target} K")
        _finish(axes, limits=limits, runs=runs, curves=curves)
        axes.set_ylabel("Temperature (K)")
    swings = "" if runs[0].condition.ensemble != "nve" else CONSTANT_ENERGY
    caption = (
        f"Temperature of {observations.system.name}{run_sentence(runs)}: mean {mean} K, standard "
        f"deviation {deviation} K, target {target} K.{swings}"
        f"{cut_sentence(limits, unit='K')}{ending_sentence(runs)}"
    )
    return FigureRecord(path, "Temperature", caption, observations.system.name)


def run_series(observations: Evidence, *, values: str) -> dict[str, Series]:
    """Return time and one energy column of every run with a finite row."""
    gathered = {}
    for run in observations.runs:
        column = finite_or_nan(getattr(run.energies, values))
        time_ps = finite_or_nan(run.energies.time_ps)
        column[~np.isfinite(time_ps)] = np.nan
        if np.isfinite(column).any():
            gathered[run.name] = (time_ps, column)
    return gathered


def energy_changes(observations: Evidence) -> dict[str, Series]:
    """Return total energy relative to the start, meV/atom, by name of the run."""
    scale = MEV_PER_EV / observations.system.n_atoms
    return {
        name: (time_ps, (total_ev - total_ev[np.isfinite(total_ev)][0]) * scale)
        for name, (time_ps, total_ev) in run_series(observations, values="total_ev").items()
    }


def _limits(curves: Mapping[str, Series], *, least_span: float) -> Limits:
    pooled = np.concatenate([values for _, values in curves.values()])
    return robust_limits(pooled, least_span=least_span)


def _draw_curves(
    axes: Axes, runs: Sequence[Run], *, curves: Mapping[str, Series], label: str
) -> None:
    for run, colour in zip(runs, run_colours(runs), strict=True):
        name = label if len(runs) == 1 else f"replica {run.replica}"
        axes.plot(*curves[run.name], color=colour, linewidth=0.45, alpha=0.7, label=name)


def _draw_drift(axes: Axes, drift: CheckResult, *, curves: Sequence[Series]) -> None:
    """Draw the fitted line, its 95 % interval and the allowed slopes."""
    slope = fitted_slope(drift)
    if slope is None:
        return
    time_ps = np.concatenate([time for time, _ in curves])
    energy_mev = np.concatenate([energy for _, energy in curves])
    known = np.isfinite(time_ps) & np.isfinite(energy_mev)
    centre_ps, centre_mev = time_ps[known].mean(), energy_mev[known].mean()
    line_ps = np.array([time_ps[known].min(), centre_ps, time_ps[known].max()])
    lever_ps = line_ps - centre_ps
    fit_mev = centre_mev + slope * lever_ps
    half_width = interval_half_width(drift)
    if half_width is not None:
        spread_mev = np.abs(lever_ps) * half_width
        axes.fill_between(
            line_ps,
            fit_mev - spread_mev,
            fit_mev + spread_mev,
            color=VERMILLION,
            alpha=0.3,
            linewidth=0,
            label="95 % interval",
        )
    axes.plot(line_ps, fit_mev, color=VERMILLION, linewidth=1.2, label="fitted drift")
    if drift.threshold is not None:
        allowed_mev = np.outer(lever_ps, [drift.threshold, -drift.threshold])
        labels = ["largest allowed", "_"]
        axes.plot(line_ps, centre_mev + allowed_mev, **DOTTED, label=labels)


def running_mean(
    time_ps: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> Series | None:
    """Return the running mean, None where the run is too short."""
    known = np.isfinite(values)
    time_ps, values = time_ps[known], values[known]
    step_ps = float(np.median(np.diff(time_ps))) if len(time_ps) > 1 else 0.0
    width = round(RUNNING_MEAN_PS / step_ps) if step_ps > 0 else 0
    if width < 2 or 4 * width > len(values):
        return None
    window = np.ones(width) / width
    return np.convolve(time_ps, window, mode="valid"), np.convolve(values, window, mode="valid")


def _draw_running_mean(
    axes: Axes, time_ps: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> None:
    """Draw the running mean where the run is long enough."""
    mean = running_mean(time_ps, values)
    if mean is not None:
        label = f"{RUNNING_MEAN_PS:g} ps mean"
        axes.plot(*mean, color="#00324F", linewidth=1.1, label=label)


def _finish(
    axes: Axes,
    *,
    limits: Limits,
    runs: Sequence[Run],
    curves: Mapping[str, Series],
) -> None:
    last_ps = max(float(np.nanmax(time_ps)) for time_ps, _ in curves.values())
    finish_time_axis(axes, runs, last_ps=last_ps)
    axes.set_ylim(limits.low, limits.high)
    mark_failures(axes, runs)
    legend_above(axes, columns=2)


def _drift_sentence(drift: CheckResult | None) -> str:
    slope = None if drift is None else fitted_slope(drift)
    if drift is None or slope is None:
        return "No drift was fitted."
    half_width = interval_half_width(drift)
    interval = "" if half_width is None else f" ± {number(half_width, digits=2)} (95 % interval)"
    limit = (
        ""
        if drift.threshold is None
        else f"; dotted, the largest allowed drift of {number(drift.threshold)} {drift.unit}"
    )
    return (
        f"Line: fitted drift of {number(slope)}{interval} {drift.unit}{limit} "
        f"({status_label(drift.status)})."
    )
