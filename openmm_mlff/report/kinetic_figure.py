"""Figure of the velocity distribution of a thermostat by element."""

from pathlib import Path

import numpy as np

from openmm_mlff.report.canvas import (
    INK,
    SINGLE_COLUMN_INCH,
    FigureRecord,
    drawing,
    element_colours,
    legend_above,
)
from openmm_mlff.report.captions import subject
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

MEASUREMENT = "samples"
REACH = 4.0
BINS = 41
FEWEST_SAMPLES = 10


def kinetic_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw velocity components over their thermal width by element; None without samples."""
    found = scaled_velocities(observations)
    if found is None:
        return None
    scaled, symbols, temperature_kelvin = found
    headline = f"{subject(observations, model=model)} · {temperature_kelvin:g} K"
    middles, densities = velocity_densities(scaled, symbols=symbols)
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.5, headline=headline) as figure:
        axes = figure.subplots()
        for symbol, colour in element_colours(symbols).items():
            axes.step(
                middles, densities[symbol], where="mid", color=colour, linewidth=1.0, label=symbol
            )
        normal = np.exp(-0.5 * middles**2) / np.sqrt(2.0 * np.pi)
        axes.plot(
            middles, normal, color=INK, linestyle=(0, (4, 2)), label="Maxwell–Boltzmann", zorder=3
        )
        axes.set_xlim(-REACH, REACH)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("$v\\;/\\;\\sqrt{kT/m}$")
        axes.set_ylabel("Density")
        legend_above(axes, columns=5)
    said = "" if result is None else f" {result.message} ({status_label(result.status)})"
    caption = (
        f"Velocity components of {observations.system.name} in Langevin dynamics at "
        f"{temperature_kelvin:g} K by element, over their thermal width ({len(scaled)} samples), "
        f"with the distribution that they should have (dashed).{said}"
    )
    return FigureRecord(path, "Velocity distribution", caption, observations.system.name)


def scaled_velocities(observations: Evidence) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Return velocity components of unconstrained atoms over their thermal width.

    Returns:
        (S, M, 3), dimensionless; the elements of the M atoms; the temperature in K. None where
            nothing was sampled.
    """
    record = stored_record(observations, MEASUREMENT, Samples)
    if record is None or len(record.time_ps) < FEWEST_SAMPLES:
        return None
    temperature_kelvin = record.temperature_kelvin
    thermal = BOLTZMANN_EV_PER_KELVIN * temperature_kelvin / EV_PER_AMU_ANGSTROM2_PER_PS2
    widths = np.sqrt(record.masses_amu / thermal)
    scaled = record.velocities_angstrom_per_ps * widths[:, None]
    # Atoms with constrained distances share their kinetic energy.
    held = record.constrained.astype(bool)
    if not np.isfinite(scaled).all() or held.all():
        return None
    return scaled[:, ~held], np.array(record.symbols)[~held], temperature_kelvin


def velocity_densities(
    scaled: np.ndarray, *, symbols: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return bin centres, and the density of velocity components by element."""
    edges = np.linspace(-REACH, REACH, BINS + 1)
    densities = {
        symbol: np.histogram(scaled[:, symbols == symbol], bins=edges, density=True)[0]
        for symbol in sorted(set(symbols.tolist()))
    }
    return 0.5 * (edges[1:] + edges[:-1]), densities
