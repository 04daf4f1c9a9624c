"""Figure of the angular momentum against time."""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.dynamics.momentum_conservation import inertia_trace
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations import Observations, RunObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.report.canvas import (
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    drawing,
    finish_time_axis,
    finite_or_nan,
    legend_above,
    mark_failures,
    run_colours,
)
from openmm_mlff.report.captions import (
    ending_sentence,
    run_sentence,
    subject,
    verdict_sentence,
)
from openmm_mlff.report.wording import number
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

LEAST_RATIO = 1e-9
"""Smaller changes are not told from each other."""


def momentum_figure(
    observations: Observations, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw how far the angular momentum has gone from its start, relative to its thermal size.

    In a box, whose images exert torques, it is the linear momentum.

    Args:
        observations: of one condition.
        path: the PNG.
        result: result of `momentum_conservation`; without it there is no limit.
        model: name for the headline.

    Returns:
        The record, None for a single atom and where no momenta were written.
    """
    if observations.system.n_atoms < 2:
        return None
    curves = {
        run.name: momentum_changes(run, system=observations.system) for run in observations.runs
    }
    curves = {name: curve for name, curve in curves.items() if np.isfinite(curve).any()}
    if not curves:
        return None
    runs = [run for run in observations.runs if run.name in curves]
    limit = None if result is None else result.threshold
    headline = subject(observations, model=model)
    kind, symbol, scale = _KINDS[observations.system.is_periodic]
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.5, headline=headline) as figure:
        axes = figure.subplots()
        for run, colour in zip(runs, run_colours(runs), strict=True):
            label = f"{kind} momentum" if len(runs) == 1 else f"replica {run.replica}"
            shown = np.maximum(curves[run.name], LEAST_RATIO)
            axes.plot(run.momenta.time_ps, shown, color=colour, linewidth=0.9, label=label)
        _finish(axes, runs, curves=curves, limit=limit, symbol=symbol)
    largest = number(max(float(np.nanmax(curve)) for curve in curves.values()))
    caption = (
        f"{kind.capitalize()} momentum of {observations.system.name}{run_sentence(runs)}: its "
        f"distance from the start over its thermal size {symbol}_thermal = {scale}, which should "
        f"stay at the noise of the arithmetic. It reaches {largest}."
        f"{verdict_sentence(result, unit='ratio', what='Of both momenta the larger changes by')}"
        f"{ending_sentence(runs)}"
    )
    return FigureRecord(path, f"{kind.capitalize()} momentum", caption, observations.system.name)


_KINDS = {
    False: ("angular", "L", "√(kT tr I)"),
    True: ("linear", "P", "√(kT M)"),
}
"""What is drawn, its symbol and its thermal size, by whether the system is periodic."""


def momentum_changes(run: RunObservations, *, system: MolecularSystem) -> np.ndarray:
    """Give |L(t) − L(0)| / √(kT tr I), (T,), or of a box |P(t) − P(0)| / √(kT M)."""
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * run.condition.temperature_kelvin
    thermal = thermal_ev / EV_PER_AMU_ANGSTROM2_PER_PS2
    if system.is_periodic:
        linear = finite_or_nan(run.momenta.linear)
        if not len(linear):
            return np.empty(0)
        size = math.sqrt(thermal * float(system.masses_amu.sum()))
        return np.asarray(np.linalg.norm(linear - linear[0], axis=1) / size)
    angular = finite_or_nan(run.momenta.angular)
    if not len(angular):
        return np.empty(0)
    positions_angstrom = system.positions_angstrom
    if run.trajectory is not None and np.isfinite(run.trajectory.positions_angstrom[:1]).all():
        positions_angstrom = run.trajectory.positions_angstrom[0]
    inertia = inertia_trace(positions_angstrom, masses_amu=system.masses_amu)
    return np.asarray(np.linalg.norm(angular - angular[0], axis=1) / math.sqrt(thermal * inertia))


def _finish(
    axes: Axes,
    runs: list[RunObservations],
    *,
    curves: dict[str, np.ndarray],
    limit: float | None,
    symbol: str,
) -> None:
    pooled = np.concatenate(list(curves.values()))
    moved = pooled[np.isfinite(pooled) & (pooled > LEAST_RATIO)]
    # The first steps away from zero say nothing: a decade below the bulk is shown, no more.
    bulk = float(np.percentile(moved, 5)) if len(moved) else LEAST_RATIO
    ends = [bulk / 10.0, float(moved.max()) if len(moved) else LEAST_RATIO]
    ends += [limit / 3.0, limit] if limit is not None else []
    if limit is not None:
        axes.axhline(
            limit,
            color=VERMILLION,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label=f"largest allowed: {number(limit)}",
        )
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(max(min(ends), LEAST_RATIO / 10.0), 3.0 * max(ends))
    finish_time_axis(axes, runs, last_ps=max(float(run.momenta.time_ps[-1]) for run in runs))
    axes.set_ylabel(f"$|{symbol}(t) - {symbol}(0)|\\;/\\;{symbol}_\\mathrm{{thermal}}$")
    mark_failures(axes, runs)
    legend_above(axes, columns=2)
