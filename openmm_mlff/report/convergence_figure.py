"""Figure of total energy fluctuations against the timestep."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    INK,
    PALETTE,
    FigureRecord,
    drawing,
    finite_or_nan,
    panel_letters,
)
from openmm_mlff.report.captions import subject
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

CHECK_ID = "timestep_convergence"


def timestep_runs(
    observations: Evidence,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the total energies at several timesteps from common starting states.

    Returns:
        Timesteps (D,), fs; times (T,), ps; total energies from the first start (D, T), meV/atom;
            their standard deviation over all starts (D,), meV/atom. None if fewer than two
            timesteps were run.
    """
    record = stored_record(observations, CHECK_ID, Record)
    if record is None:
        return None
    timesteps_fs, time_ps = record.timesteps_fs, record.time_ps
    total_mev = finite_or_nan(record.total_ev) * MEV_PER_EV / observations.system.n_atoms
    ran = (np.isfinite(total_mev).sum(axis=2) > 1).all(axis=0)
    if ran.sum() < 2:
        return None
    spreads_mev = np.sqrt(np.mean(np.nanvar(total_mev[:, ran], axis=2), axis=0))
    return timesteps_fs[ran], time_ps, total_mev[0, ran], spreads_mev


def square_law(
    timesteps_fs: np.ndarray, spreads_mev: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Scale the square of the timestep to the geometric mean of the spreads, (D,), meV/atom.

    Returns:
        Two timesteps, fs, just outside the range, and the law there, meV/atom; None where no spread
            is positive.
    """
    positive = spreads_mev > 0.0
    if not positive.any():
        return None
    scale = np.exp(np.mean(np.log(spreads_mev[positive] / timesteps_fs[positive] ** 2)))
    ends = np.array([timesteps_fs.min() / 1.3, timesteps_fs.max() * 1.3])
    return ends, scale * ends**2


def convergence_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw total energies at several timesteps and their spread; None for fewer than two."""
    runs = timestep_runs(observations)
    if runs is None:
        return None
    timesteps_fs, time_ps, total_mev, spreads_mev = runs
    headline = subject(observations, model=model)
    with drawing(path, width_inch=DOUBLE_COLUMN_INCH, height_inch=2.6, headline=headline) as figure:
        course, spread = figure.subplots(1, 2)
        # The largest fluctuations are drawn first, behind the small ones.
        for k in range(len(timesteps_fs))[::-1]:
            course.plot(
                time_ps,
                total_mev[k] - np.nanmean(total_mev[k]),
                color=PALETTE[k % len(PALETTE)],
                linewidth=0.8,
                label=f"{timesteps_fs[k]:g} fs",
            )
        course.set_xlim(0.0, float(time_ps[-1]))
        course.set_xlabel("Time (ps)")
        course.set_ylabel("$E_\\mathrm{total} - \\overline{E}$ (meV/atom)")
        _legend(course)
        _draw_spreads(spread, timesteps_fs, spreads_mev)
        panel_letters([course, spread])
    sizes = ", ".join(
        f"{number(size)} at {step:g} fs"
        for step, size in zip(timesteps_fs, spreads_mev, strict=True)
    )
    caption = (
        f"Total energy of {observations.system.name} with several timesteps: (a) against time, "
        f"from one start, (b) its standard deviation over all, meV/atom: {sizes}. Where only the "
        f"integrator errs it goes as the square of the timestep (dashed).{_sentence(result)}"
    )
    return FigureRecord(
        path, "Timestep convergence", caption, observations.system.name, DOUBLE_COLUMN_INCH
    )


def _draw_spreads(axes: Axes, timesteps_fs: np.ndarray, spreads_mev: np.ndarray) -> None:
    """Draw the spreads with the square law through their geometric mean."""
    law = square_law(timesteps_fs, spreads_mev)
    if law is not None:
        ends, law_mev = law
        axes.plot(
            ends,
            law_mev,
            color=INK,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label="$\\propto \\Delta t^2$",
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(*ends)
    for k, (step, size) in enumerate(zip(timesteps_fs, spreads_mev, strict=True)):
        axes.plot([step], [size], marker="o", markersize=5, color=PALETTE[k % len(PALETTE)])
    axes.set_xticks(timesteps_fs, [f"{step:g}" for step in timesteps_fs])
    axes.minorticks_off()
    axes.set_xlabel("Timestep (fs)")
    axes.set_ylabel("$\\sigma(E_\\mathrm{total})$ (meV/atom)")
    if law is not None:
        _legend(axes)


def _legend(axes: Axes) -> None:
    """Draw the legend above the panel on the right, away from the panel label."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)


def _sentence(result: CheckResult | None) -> str:
    if result is None:
        return ""
    return f" {result.message} ({status_label(result.status)})"
