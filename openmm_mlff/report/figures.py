"""All figures of one report."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from openmm_mlff.molecules.names import safe_name
from openmm_mlff.report.accuracy_figures import torsion_figure, vibration_figure
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.check_plots import CheckPlot, check_plot_figure, plots_of_system
from openmm_mlff.report.convergence_figure import convergence_figure
from openmm_mlff.report.cutoff_figures import pair_figure, scan_figure
from openmm_mlff.report.dynamics_figures import energy_figure, temperature_figure
from openmm_mlff.report.force_figure import force_figure
from openmm_mlff.report.kinetic_figure import kinetic_figure
from openmm_mlff.report.momentum_figure import momentum_figure
from openmm_mlff.report.rotation_figure import rotation_figure
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.structure_figures import bond_figure, shape_figure
from openmm_mlff.report.wall_figure import wall_figure
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.runs import Evidence, RunCondition


class DrawFigure(Protocol):
    """Callable that draws one figure of a system with the result of its check."""

    def __call__(
        self, evidence: Evidence, /, *, path: Path, result: CheckResult | None, model: str
    ) -> FigureRecord | None:
        """Draw the figure; return None where there are no data."""


SURFACE_FIGURES: tuple[tuple[str, str, DrawFigure], ...] = (
    ("rotation", "rotation_invariance", rotation_figure),
    ("cutoff_pairs", "cutoff_continuity", pair_figure),
    ("cutoff_scans", "cutoff_continuity", scan_figure),
    ("walls", "short_range_repulsion", wall_figure),
)
"""Suffix of the file name, check, and drawing function."""

DYNAMICS_FIGURES: tuple[tuple[str, str, DrawFigure], ...] = (
    ("timesteps", "timestep_convergence", convergence_figure),
    ("velocities", "kinetic_distribution", kinetic_figure),
)
ACCURACY_FIGURES: tuple[tuple[str, str, DrawFigure], ...] = (
    ("vibrations", "vibrations", vibration_figure),
    ("torsions", "torsion_profile", torsion_figure),
)


def write_figures(
    observations_by_system: Mapping[str, Evidence],
    report: ValidationReport,
    folder: Path,
    *,
    plots: Sequence[CheckPlot] = (),
) -> list[FigureRecord]:
    """Write every figure for which there are data, by system and by group of checks."""
    drawn: list[FigureRecord | None] = []
    for system, observations in observations_by_system.items():
        of_checks = partial(_of_checks, observations, report=report, system=system, folder=folder)
        drawn += of_checks(SURFACE_FIGURES)
        for condition in observations.conditions():
            view = observations.at(condition)
            drawn += _of_condition(view, report=report, system=system, folder=folder)
        drawn += of_checks(DYNAMICS_FIGURES)
        accuracy = find_result(report, check_id="force_accuracy", system=system)
        path = folder / f"{system}_forces.png"
        drawn.append(
            force_figure(observations, path=path, accuracy=accuracy, model=report.model.name)
        )
        drawn += of_checks(ACCURACY_FIGURES)
        drawn += [
            _of_plot(one, observations, report=report, folder=folder)
            for one in plots_of_system(plots, system=system)
        ]
    return [record for record in drawn if record is not None]


def _of_checks(
    observations: Evidence,
    table: tuple[tuple[str, str, DrawFigure], ...],
    *,
    report: ValidationReport,
    system: str,
    folder: Path,
) -> list[FigureRecord | None]:
    """Draw the figures of one table."""
    return [
        draw(
            observations,
            path=folder / f"{system}_{kind}.png",
            result=find_result(report, check_id=check_id, system=system),
            model=report.model.name,
        )
        for kind, check_id, draw in table
    ]


def _of_plot(
    plot: CheckPlot, evidence: Evidence, *, report: ValidationReport, folder: Path
) -> FigureRecord:
    """Draw a plot that a check describes as data."""
    label = ""
    if plot.condition is not None:
        evidence = evidence.at(plot.condition)
        label = f"_{_condition_name(plot.condition)}"
    return check_plot_figure(
        plot,
        evidence,
        path=folder / f"{plot.system}_{plot.kind}{label}.png",
        result=plot.result_in(report),
        model=report.model.name,
    )


def _condition_name(condition: RunCondition) -> str:
    """Return a condition as part of a file name."""
    name = f"{condition.ensemble}_{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"
    # Files from other sources may contain arbitrary ensemble names.
    return safe_name(name, otherwise="run")


def _of_condition(
    observations: Evidence, *, report: ValidationReport, system: str, folder: Path
) -> list[FigureRecord | None]:
    """Draw the figures of one temperature and timestep."""
    condition, model = observations.condition, report.model.name
    if condition is None:
        return []
    label = _condition_name(condition)

    def path(kind: str) -> Path:
        return folder / f"{system}_{kind}_{label}.png"

    def result(check_id: str) -> CheckResult | None:
        return find_result(report, check_id=check_id, system=system, condition=condition.as_dict())

    momentum, drift = result("momentum_conservation"), result("energy_drift")
    return [
        energy_figure(observations, path=path("energy"), drift=drift, model=model),
        temperature_figure(observations, path=path("temperature"), model=model),
        momentum_figure(observations, path=path("momentum"), result=momentum, model=model),
        bond_figure(observations, path=path("bonds"), model=model),
        shape_figure(observations, path=path("shape"), model=model),
    ]
