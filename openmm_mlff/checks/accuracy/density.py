"""Does the box have the known density?"""

import math

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged, not_applicable
from openmm_mlff.checks.statistics import mean_half_width
from openmm_mlff.config import Limits
from openmm_mlff.plots import Axis, Level, Line, Panel, Plot
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import settled
from openmm_mlff.storage.typed import array, record


@record
class Record:
    """Density along the run at constant pressure; the known one is NaN where none is named."""

    time_ps: np.ndarray = array("rows")
    density_g_per_cm3: np.ndarray = array("rows")
    known_g_per_cm3: float
    temperature_kelvin: float
    pressure_bar: float
    failure: str = ""


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Return the density of the shared run at constant pressure."""
    run = subject.npt
    if isinstance(run, (NotApplicable, Skipped)):
        return run
    return Record(
        time_ps=run.time_ps,
        density_g_per_cm3=run.density_g_per_cm3,
        known_g_per_cm3=subject.boxes.spec.density_g_per_cm3 or math.nan,
        temperature_kelvin=run.temperature_kelvin,
        pressure_bar=run.pressure_bar,
        failure=run.failure,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the mean density with the known one (%); it is only stated where none is named."""
    limit = limits["deviation"]
    if record.failure:
        clause = f"the run at constant pressure failed: {record.failure}"
        return Judgement(Status.FAIL, clause, threshold=limit.value)
    density = settled(record.density_g_per_cm3)
    mean, half_width = float(density.mean()), mean_half_width(density)
    known = record.known_g_per_cm3
    found = (
        f"{mean:.4g} ± {half_width:.1g} g/cm³ (95 %) at {record.temperature_kelvin:g} K and "
        f"{record.pressure_bar:g} bar"
    )
    if math.isnan(known):
        return not_applicable(f"its density is {found}, and the protocol names no known density")
    clause = f"the density of {found} differs from the known {known:g} g/cm³ by"
    deviation, width = 100.0 * abs(mean / known - 1.0), 100.0 * half_width / known
    evidence = {"mean_g_per_cm3": mean, "half_width_g_per_cm3": half_width}
    return judged([Measure(clause, deviation, limit, half_width=width)], evidence=evidence)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the density against time, with its mean and the known one."""
    density = settled(record.density_g_per_cm3)
    if not len(density):
        return []
    marks: list[Line | Level] = [
        Line(record.time_ps, record.density_g_per_cm3),
        Level(float(density.mean()), "mean of the last four fifths", "ink", "solid"),
    ]
    if not math.isnan(record.known_g_per_cm3):
        marks.append(Level(record.known_g_per_cm3, "known"))
    return [Plot("Density", [Panel(Axis("Time (ps)"), Axis("Density (g/cm³)"), [*marks])])]


CHECK = define(
    __name__,
    formula="mean of the last four fifths of a run at constant pressure, with a 95 % interval, "
    "against `density_g_per_cm3` of the protocol's box",
    source="mlipaudit: water 0.9978, methanol 0.791, acetonitrile 0.786 g/cm³",
    limits={"deviation": "%"},
    consequence="Every property of the liquid or crystal is that of another density.",
    remedy="Train on boxes of several densities with their pressure or stress; look at "
    "`pressure_virial` and at the attraction of molecules beyond the cutoff.",
    needs=("box", "npt"),
)
