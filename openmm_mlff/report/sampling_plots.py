"""Plots of the convergence with the timestep, and of the velocities under a thermostat."""

import numpy as np

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.plots import Axis, Line, Mark, Panel, Plot, Points, element_colours, finite_or_nan
from openmm_mlff.report.selection import stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2, MEV_PER_EV

REACH = 4.0  # of the axis, in thermal widths
BINS = 41
FEWEST_SAMPLES = 10


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
