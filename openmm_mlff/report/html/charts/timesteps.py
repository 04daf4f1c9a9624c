"""Charts of total energy fluctuations against the timestep, and of thermostat velocities."""

import numpy as np

from openmm_mlff.report.convergence_figure import square_law, timestep_runs
from openmm_mlff.report.html.charts.model import (
    Chart,
    axes,
    dots,
    element_colour,
    line,
    numbers,
    palette,
)
from openmm_mlff.report.kinetic_figure import scaled_velocities, velocity_densities
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence


def convergence_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the spread of the total energy against the timestep; None for fewer than two."""
    del result
    runs = timestep_runs(observations)
    if runs is None:
        return None
    timesteps_fs, _, _, spreads_mev = runs
    law = square_law(timesteps_fs, spreads_mev)
    if law is None:
        return None
    ends, law_mev = law
    ticks = {"tickvals": numbers(timesteps_fs), "ticktext": [f"{step:g}" for step in timesteps_fs]}
    sizes = ", ".join(
        f"{number(size)} at {step:g} fs"
        for step, size in zip(timesteps_fs, spreads_mev, strict=True)
    )
    return Chart(
        kind="timesteps",
        title="Spread of the total energy against the timestep",
        traces=(
            line(ends, law_mev, name="∝ Δt²", colour="@ink", dashes="dash"),
            dots(timesteps_fs, spreads_mev, name="measured", colour=palette(0), size=11),
        ),
        layout=axes(
            "Timestep (fs)",
            "σ(E total) (meV/atom)",
            x={"type": "log", "range": numbers(np.log10(ends)), **ticks},
            y={"type": "log", "exponentformat": "none"},
        ),
        caption=f"Standard deviation of the total energy of {observations.system.name} from "
        f"common starts, meV/atom: {sizes}. Where only the integrator errs it goes as the "
        "square of the timestep (dashed).",
    )


def velocity_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw velocity components over their thermal width by element; None without samples."""
    del result
    found = scaled_velocities(observations)
    if found is None:
        return None
    middles, densities = velocity_densities(found[0], symbols=found[1])
    traces = [
        line(middles, density, name=symbol, colour=element_colour(symbol, position=k))
        | {
            "line": {
                "color": element_colour(symbol, position=k),
                "shape": "hvh",
                "width": 1.8,
            }
        }
        for k, (symbol, density) in enumerate(densities.items())
    ]
    normal = np.exp(-0.5 * middles**2) / np.sqrt(2.0 * np.pi)
    traces.append(line(middles, normal, name="Maxwell–Boltzmann", colour="@ink", dashes="dash"))
    layout = axes("v / √(kT/m)", "Density", x={"range": [-4, 4]}, y={"rangemode": "tozero"})
    return Chart(
        kind="velocities", title="Velocities by element", traces=tuple(traces), layout=layout
    )
