"""Plots of stored measurements: forces, energies at several timesteps, velocities."""

import numpy as np

from openmm_mlff.checks.dynamics.timestep_convergence import Record
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
from openmm_mlff.storage.shared import Labels, Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2, MEV_PER_EV

MOST_COMPONENTS = 1500
"""Maximum of force components drawn, evenly selected and including the worst."""

WORST = 20
BINS = 41  # of histograms
LEAST_REACH_EV_PER_ANGSTROM = 1e-3
REACH = 4.0  # of the axis of velocities, in thermal widths
FEWEST_SAMPLES = 10


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


def plot_timesteps(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot total energies at several timesteps and their spread; None for fewer than two."""
    del result
    record = stored_record(evidence, "timestep_convergence", Record)
    if record is None:
        return None
    total_mev = finite_or_nan(record.total_ev) * MEV_PER_EV / evidence.system.n_atoms
    ran = (np.isfinite(total_mev).sum(axis=2) > 1).all(axis=0)
    if ran.sum() < 2:
        return None
    steps_fs, time_ps = record.timesteps_fs[ran], record.time_ps
    spreads_mev = np.sqrt(np.mean(np.nanvar(total_mev[:, ran], axis=2), axis=0))
    names = [f"{step:g} fs" for step in steps_fs]
    first = total_mev[0, ran]
    # The largest fluctuations are drawn first, behind the small ones.
    course = [
        Line(time_ps, first[k] - np.nanmean(first[k]), names[k], k, "solid")
        for k in range(len(names))
    ][::-1]
    spread: list[Mark] = [
        Points([step], [size], name, k)
        for k, (step, size, name) in enumerate(zip(steps_fs, spreads_mev, names, strict=True))
    ]
    x_axis, y_label = Axis("Timestep (fs)", ticks=tuple(steps_fs)), "σ(E total) (meV/atom)"
    y_axis = Axis(y_label)
    positive = spreads_mev > 0.0
    if positive.any():
        # The square of the timestep through the geometric mean of the spreads.
        scale = np.exp(np.mean(np.log(spreads_mev[positive] / steps_fs[positive] ** 2)))
        ends = (float(steps_fs.min() / 1.3), float(steps_fs.max() * 1.3))
        law = Line(ends, scale * np.square(ends), "∝ Δt²", "ink", "dashed")
        spread.insert(0, law)
        x_axis = Axis(x_axis.label, ends, log=True, ticks=x_axis.ticks)
        y_axis = Axis(y_label, log=True)
    sizes = ", ".join(
        f"{number(size)} at {name}" for size, name in zip(spreads_mev, names, strict=True)
    )
    caption = (
        f"Total energy of {evidence.system.name} with several timesteps: (a) against time, from "
        f"one start, (b) its standard deviation over all, meV/atom: {sizes}. If it comes from the "
        "integrator alone, it grows as the square of the timestep (dashed)."
    )
    time_axis = Axis("Time (ps)", (0.0, float(time_ps[-1])))
    panels = [
        Panel(time_axis, Axis("E(t) − mean (meV/atom)"), course),
        Panel(x_axis, y_axis, spread),
    ]
    return Plot("Timestep convergence", panels, caption, name="timesteps", columns=2)


def plot_velocities(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot velocity components over their thermal width by element; None without samples."""
    del result
    record = stored_record(evidence, "samples", Samples)
    if record is None or len(record.time_ps) < FEWEST_SAMPLES:
        return None
    thermal = BOLTZMANN_EV_PER_KELVIN * record.temperature_kelvin / EV_PER_AMU_ANGSTROM2_PER_PS2
    scaled = record.velocities_angstrom_per_ps * np.sqrt(record.masses_amu / thermal)[:, None]
    # Atoms with constrained distances share their kinetic energy.
    free = ~record.constrained.astype(bool)
    if not np.isfinite(scaled).all() or not free.any():
        return None
    symbols = np.array(record.symbols)
    edges = np.linspace(-REACH, REACH, BINS + 1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    marks: list[Mark] = []
    for symbol, colour in element_colours(symbols[free].tolist()).items():
        mine = scaled[:, free & (symbols == symbol)]
        density = np.histogram(mine, bins=edges, density=True)[0]
        marks.append(Line(middles, density, symbol, colour, "solid", steps=True))
    normal = np.exp(-0.5 * middles**2) / np.sqrt(2.0 * np.pi)
    marks.append(Line(middles, normal, "Maxwell–Boltzmann", "ink", "dashed"))
    caption = (
        f"Velocity components of {evidence.system.name} in Langevin dynamics at "
        f"{record.temperature_kelvin:g} K by element, divided by their thermal width "
        f"({len(scaled)} samples), with the expected distribution (dashed)."
    )
    panel = Panel(Axis("v / √(kT/m)", (-REACH, REACH)), Axis("Density"), marks)
    return Plot("Velocity distribution", [panel], caption, name="velocities")


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
