"""Charts of conservation in a run: total energy with its drift, temperature, momentum."""

import numpy as np

from openmm_mlff.checks.dynamics.momentum_conservation import rotates_freely
from openmm_mlff.report.canvas import robust_limits
from openmm_mlff.report.dynamics_figures import (
    LEAST_ENERGY_SPAN_MEV_PER_ATOM,
    LEAST_TEMPERATURE_SPAN_KELVIN,
    RUNNING_MEAN_PS,
    Series,
    energy_changes,
    run_series,
    running_mean,
)
from openmm_mlff.report.html.charts.model import (
    Chart,
    Trace,
    axes,
    failure_marks,
    level,
    line,
    numbers,
    palette,
    span,
)
from openmm_mlff.report.momentum_figure import LEAST_RATIO, momentum_changes
from openmm_mlff.report.wording import fitted_slope, interval_half_width, number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence

TIME = "Time (ps)"


def energy_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the total energy per atom relative to the start; None where no energy was written."""
    curves = energy_changes(observations)
    if not curves:
        return None
    pooled = np.concatenate([values for _, values in curves.values()])
    limits = robust_limits(pooled, least_span=LEAST_ENERGY_SPAN_MEV_PER_ATOM)
    traces = _run_lines(observations, curves, label="total energy", width=0.9)
    if result is not None:
        traces += _drift_lines(result, curves=list(curves.values()))
    return Chart(
        kind="energy",
        title="Total energy",
        traces=tuple(traces),
        layout={
            **axes(TIME, "E(t) − E(0) (meV/atom)", y=span(limits)),
            **failure_marks(observations.runs),
        },
    )


def temperature_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw temperature, running mean, mean and target; None where no temperature was written."""
    del result
    curves = run_series(observations, values="temperature_kelvin")
    if not curves:
        return None
    pooled = np.concatenate([values for _, values in curves.values()])
    limits = robust_limits(pooled, least_span=LEAST_TEMPERATURE_SPAN_KELVIN)
    traces = _run_lines(observations, curves, label="instantaneous", width=0.8)
    mean = running_mean(*next(iter(curves.values()))) if len(curves) == 1 else None
    if mean is not None:
        label = f"{RUNNING_MEAN_PS:g} ps mean"
        traces.append(line(*mean, name=label, colour="@ink", width=1.8))
    average = float(np.nanmean(pooled))
    target = observations.runs[0].condition.temperature_kelvin
    ends = np.array([0.0, max(float(np.nanmax(time_ps)) for time_ps, _ in curves.values())])
    traces += [
        line(ends, [average] * 2, name=f"mean {number(average)} K", colour="@bad"),
        line(ends, [target] * 2, name=f"target {target:g} K", colour="@ink", dashes="dash"),
    ]
    marks = failure_marks(observations.runs)
    layout = {**axes(TIME, "Temperature (K)", y=span(limits)), **marks}
    return Chart(kind="temperature", title="Temperature", traces=tuple(traces), layout=layout)


def momentum_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the change of momentum over its thermal value; None for one atom or without momenta."""
    if observations.system.n_atoms < 2:
        return None
    curves = {}
    for run in observations.runs:
        changes = momentum_changes(run, system=observations.system)
        if np.isfinite(changes).any():
            curves[run.name] = (run.momenta.time_ps, np.maximum(changes, LEAST_RATIO))
    if not curves:
        return None
    kind, symbol = ("angular", "L") if rotates_freely(observations.system) else ("linear", "P")
    traces = _run_lines(observations, curves, label=f"{kind} momentum", width=1.4)
    marks = failure_marks(observations.runs)
    limit = None if result is None else result.threshold
    if limit is not None:
        marks["shapes"].append(level(limit, colour="@bad", dashes="dash"))
    # The first steps away from zero are not informative: show one decade below the bulk.
    bulk = float(np.nanpercentile(np.concatenate([y for _, y in curves.values()]), 5)) / 10.0
    top = max(*(float(np.nanmax(y)) for _, y in curves.values()), limit or LEAST_RATIO)
    reach = [np.log10(max(min(bulk, (limit or bulk) / 3.0), LEAST_RATIO)), np.log10(3.0 * top)]
    y_axis = {"type": "log", "dtick": 1, "range": numbers(reach), "exponentformat": "power"}
    return Chart(
        kind="momentum",
        title=f"{kind.capitalize()} momentum",
        traces=tuple(traces),
        layout={
            **axes(TIME, f"|{symbol}(t) − {symbol}(0)| / {symbol}(thermal)", y=y_axis),
            **marks,
        },
    )


def _run_lines(
    observations: Evidence, curves: dict[str, Series], *, label: str, width: float
) -> list[Trace]:
    """Draw one curve per replica."""
    runs = [run for run in observations.runs if run.name in curves]
    return [
        line(
            *curves[run.name],
            name=label if len(runs) == 1 else f"replica {run.replica}",
            colour=palette(k),
            width=width,
        )
        for k, run in enumerate(runs)
    ]


def _drift_lines(drift: CheckResult, *, curves: list[Series]) -> list[Trace]:
    """Draw the fitted line, its 95 % interval and the allowed slopes through the mean."""
    slope = fitted_slope(drift)
    if slope is None:
        return []
    time_ps = np.concatenate([time for time, _ in curves])
    energy_mev = np.concatenate([energy for _, energy in curves])
    known = np.isfinite(time_ps) & np.isfinite(energy_mev)
    centre_ps, centre_mev = time_ps[known].mean(), energy_mev[known].mean()
    ends_ps = np.array([time_ps[known].min(), centre_ps, time_ps[known].max()])
    lever_ps = ends_ps - centre_ps
    fit_mev = centre_mev + slope * lever_ps
    traces: list[Trace] = []
    half_width = interval_half_width(drift)
    if half_width is not None:
        spread_mev = np.abs(lever_ps) * half_width
        edge = {"hoverinfo": "skip", "line": {"width": 0}}
        traces += [
            line(ends_ps, fit_mev - spread_mev, name="", colour="@bad")
            | {"showlegend": False, **edge},
            line(ends_ps, fit_mev + spread_mev, name="95 % interval", colour="@bad")
            | {"fill": "tonexty", "fillcolor": "@bad/0.3", **edge},
        ]
    name = f"drift {number(slope)} {drift.unit}"
    traces.append(line(ends_ps, fit_mev, name=name, colour="@bad", width=2.0))
    if drift.threshold is not None:
        for sign in (1.0, -1.0):
            allowed_mev = centre_mev + sign * drift.threshold * lever_ps
            trace = line(
                ends_ps, allowed_mev, name="largest allowed", colour="@muted", dashes="dot"
            )
            traces.append(trace | {"legendgroup": "allowed", "showlegend": sign > 0})
    return traces
