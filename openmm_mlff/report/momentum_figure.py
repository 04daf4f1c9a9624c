"""Figure of the angular momentum against time."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.dynamics.momentum_conservation import relative_changes, rotates_freely
from openmm_mlff.molecules import MolecularSystem
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
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence, Run

LEAST_RATIO = 1e-9
"""Lower end of the axis; smaller changes are not distinguished."""


def momentum_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the change of angular momentum over its thermal value; None for one atom or no momenta.

    In a periodic box, whose images exert torques, the linear momentum is drawn.
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
    kind, symbol, scale = _KINDS[rotates_freely(observations.system)]
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
    True: ("angular", "L", "√(kT tr I)"),
    False: ("linear", "P", "√(kT M)"),
}
"""Name, symbol and thermal value, keyed by whether angular momentum is conserved."""


def momentum_changes(run: Run, *, system: MolecularSystem) -> np.ndarray:
    """Return the change of angular momentum, or of linear momentum if only that is conserved.

    Returns:
        (T,), over its thermal value; NaN where it is not finite.
    """
    if not len(run.momenta.time_ps):
        return np.empty(0)
    kind, _, _ = _KINDS[rotates_freely(system)]
    return finite_or_nan(relative_changes(run, system=system)[kind])


def _finish(
    axes: Axes,
    runs: list[Run],
    *,
    curves: dict[str, np.ndarray],
    limit: float | None,
    symbol: str,
) -> None:
    pooled = np.concatenate(list(curves.values()))
    moved = pooled[np.isfinite(pooled) & (pooled > LEAST_RATIO)]
    # The first steps away from zero are not informative: show one decade below the bulk.
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
