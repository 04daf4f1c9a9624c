"""Plots of a simulation against time: total energy with its drift, temperature, momentum."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from openmm_mlff.checks.dynamics.momentum_conservation import relative_changes, rotates_freely
from openmm_mlff.plots import Axis, Band, Level, Line, Mark, Panel, Plot, finite_or_nan
from openmm_mlff.report.plot_parts import (
    Series,
    ending_sentence,
    failures,
    robust_range,
    run_lines,
    run_sentence,
    time_axis,
)
from openmm_mlff.report.wording import fitted_slope, interval_half_width, number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

LEAST_ENERGY_SPAN_MEV_PER_ATOM = 0.01
LEAST_TEMPERATURE_SPAN_KELVIN = 1.0
LEAST_MOMENTUM_RATIO = 1e-9  # smaller changes are not distinguished
RUNNING_MEAN_PS = 0.5
CONSTANT_ENERGY = (
    " At constant energy the temperature of a small molecule fluctuates strongly, and its mean "
    "need not equal the target."
)


def plot_energy(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot the total energy per atom relative to the start; None where no energy was written.

    Slope and interval of the line are those of `energy_drift`; it passes through the mean of time
    and energy, as every least-squares line does.
    """
    scale = MEV_PER_EV / evidence.system.n_atoms
    curves = {
        name: (time_ps, (total_ev - total_ev[np.isfinite(total_ev)][0]) * scale)
        for name, (time_ps, total_ev) in _columns(evidence, "total_ev").items()
    }
    if not curves:
        return None
    runs = [run for run in evidence.runs if run.name in curves]
    ends = robust_range(_pooled(curves), least_span=LEAST_ENERGY_SPAN_MEV_PER_ATOM)
    marks = [*run_lines(runs, curves, name="total energy"), *_drift(result, curves)]
    caption = (
        f"Total energy of {evidence.system.name} relative to the start of the run"
        f"{run_sentence(runs)}, {_drift_words(result)}.{ends.sentence('meV/atom')}"
        f"{ending_sentence(runs)}"
    )
    y_axis = Axis("E(t) − E(0) (meV/atom)", ends.ends)
    panel = Panel(time_axis(runs, curves.values()), y_axis, [*marks, *failures(runs)])
    return Plot("Total energy", [panel], caption, name="energy")


def plot_temperature(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot temperature, running mean, mean and target; None where no temperature was written."""
    del result
    curves = _columns(evidence, "temperature_kelvin")
    if not curves:
        return None
    runs = [run for run in evidence.runs if run.name in curves]
    pooled = _pooled(curves)
    ends = robust_range(pooled, least_span=LEAST_TEMPERATURE_SPAN_KELVIN)
    mean_kelvin, deviation = float(np.nanmean(pooled)), number(float(np.nanstd(pooled)))
    target_kelvin = runs[0].condition.temperature_kelvin
    smooth = _running_mean(*curves[runs[0].name]) if len(runs) == 1 else None
    marks: list[Mark] = [*run_lines(runs, curves, name="instantaneous")]
    if smooth is not None:
        marks.append(Line(*smooth, f"{RUNNING_MEAN_PS:g} ps mean", 1, "solid"))
    marks += [
        Level(mean_kelvin, f"mean {number(mean_kelvin)} K", "bad", "solid"),
        Level(target_kelvin, f"target {target_kelvin:g} K", "ink"),
        *failures(runs),
    ]
    swings = CONSTANT_ENERGY if runs[0].condition.ensemble == "nve" else ""
    caption = (
        f"Temperature of {evidence.system.name}{run_sentence(runs)}: mean {number(mean_kelvin)} K, "
        f"standard deviation {deviation} K, target {target_kelvin:g} K.{swings}"
        f"{ends.sentence('K')}{ending_sentence(runs)}"
    )
    panel = Panel(time_axis(runs, curves.values()), Axis("Temperature (K)", ends.ends), marks)
    return Plot("Temperature", [panel], caption, name="temperature")


def plot_momentum(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot the change of angular momentum over its thermal value; None for one atom or no momenta.

    In a periodic box, whose images exert torques, the linear momentum is plotted.
    """
    system = evidence.system
    is_free = rotates_freely(system)
    kind, symbol, scale = ("angular", "L", "√(kT tr I)") if is_free else ("linear", "P", "√(kT M)")
    curves = {}
    for run in evidence.runs if system.n_atoms > 1 else ():
        if len(run.momenta.time_ps):
            changes = finite_or_nan(relative_changes(run, system=system)[kind])
            if np.isfinite(changes).any():
                curves[run.name] = run.momenta.time_ps, np.maximum(changes, LEAST_MOMENTUM_RATIO)
    if not curves:
        return None
    runs = [run for run in evidence.runs if run.name in curves]
    pooled = _pooled(curves)
    moved = pooled[np.isfinite(pooled) & (pooled > LEAST_MOMENTUM_RATIO)]
    # The first steps away from zero are not informative: one decade below the bulk is shown.
    bulk = float(np.percentile(moved, 5)) if len(moved) else LEAST_MOMENTUM_RATIO
    ends = [bulk / 10.0, float(np.nanmax(pooled))]
    marks: list[Mark] = [*run_lines(runs, curves, name=f"{kind} momentum")]
    if result is not None and result.threshold is not None:
        ends += [result.threshold / 3.0, result.threshold]
        marks.append(Level(result.threshold, f"largest allowed: {number(result.threshold)}"))
    caption = (
        f"{kind.capitalize()} momentum of {system.name}{run_sentence(runs)}: its change since the "
        f"start, relative to its thermal size {symbol}(thermal) = {scale}, which should not "
        "exceed rounding noise. It reaches "
        f"{number(float(np.nanmax(pooled)))}.{ending_sentence(runs)}"
    )
    low = max(min(ends), LEAST_MOMENTUM_RATIO / 10.0)
    label = f"|{symbol}(t) − {symbol}(0)| / {symbol}(thermal)"
    y_axis = Axis(label, (low, 3.0 * max(ends)), log=True)
    panel = Panel(time_axis(runs, curves.values()), y_axis, [*marks, *failures(runs)])
    return Plot(f"{kind.capitalize()} momentum", [panel], caption, name="momentum")


def _columns(evidence: Evidence, values: str) -> dict[str, Series]:
    """Return time and one energy column of every run with a finite row."""
    found = {}
    for run in evidence.runs:
        column, time_ps = (
            finite_or_nan(getattr(run.energies, name)) for name in (values, "time_ps")
        )
        column[~np.isfinite(time_ps)] = np.nan
        if np.isfinite(column).any():
            found[run.name] = (time_ps, column)
    return found


def _pooled(curves: Mapping[str, Series]) -> npt.NDArray[np.float64]:
    return np.concatenate([values for _, values in curves.values()])


def _drift(result: CheckResult | None, curves: Mapping[str, Series]) -> list[Mark]:
    """Return the fitted line, its 95 % interval and the allowed slopes, through the mean."""
    slope = None if result is None else fitted_slope(result)
    if result is None or slope is None:
        return []
    time_ps = np.concatenate([time_ps for time_ps, _ in curves.values()])
    energy_mev = _pooled(curves)
    known = np.isfinite(time_ps) & np.isfinite(energy_mev)
    centre_ps, centre_mev = time_ps[known].mean(), energy_mev[known].mean()
    line_ps = np.array([time_ps[known].min(), centre_ps, time_ps[known].max()])
    lever_ps = line_ps - centre_ps
    fit_mev = centre_mev + slope * lever_ps
    marks: list[Mark] = []
    if (half_width := interval_half_width(result)) is not None:
        spread_mev = np.abs(lever_ps) * half_width
        low, high = fit_mev - spread_mev, fit_mev + spread_mev
        marks.append(Band(low, high, line_ps, "95 % interval", "bad"))
    name = f"drift {number(slope)} {result.unit}"
    marks.append(Line(line_ps, fit_mev, name, "bad", "solid"))
    if (limit := result.threshold) is not None:
        for allowed in (limit, -limit):
            y = centre_mev + allowed * lever_ps
            marks.append(Line(line_ps, y, "largest allowed", "muted", "dotted"))
    return marks


def _drift_words(result: CheckResult | None) -> str:
    slope = None if result is None else fitted_slope(result)
    if result is None or slope is None:
        return "for which no drift was fitted"
    half_width = interval_half_width(result)
    interval = "" if half_width is None else f" ± {number(half_width, digits=2)} (95 % interval)"
    limit = "" if result.threshold is None else "; dotted, the largest allowed drift"
    return f"with the fitted drift of {number(slope)}{interval} {result.unit}{limit}"


def _running_mean(
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
