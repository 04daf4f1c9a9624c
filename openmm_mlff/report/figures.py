"""All figures of one report."""

from collections.abc import Mapping
from pathlib import Path

from openmm_mlff.observations import Observations
from openmm_mlff.records import ValidationReport
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.dynamics_figures import energy_figure, temperature_figure
from openmm_mlff.report.force_figure import force_figure
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.structure_figures import bond_figure, shape_figure


def write_figures(
    observations_by_system: Mapping[str, Observations], report: ValidationReport, folder: Path
) -> list[FigureRecord]:
    """Write every figure for which there are data.

    Args:
        observations_by_system: what was observed, by name of the molecule.
        report: whose numbers the figures show.
        folder: where the PNGs go.

    Returns:
        One record a figure, system by system; what has no data is left out.
    """
    written: list[FigureRecord] = []
    for system, observations in observations_by_system.items():
        written += _figures_of_system(observations, report=report, system=system, folder=folder)
    return written


def _figures_of_system(
    observations: Observations, *, report: ValidationReport, system: str, folder: Path
) -> list[FigureRecord]:
    model = report.model.name
    drawn: list[FigureRecord | None] = []
    for condition in observations.conditions():
        of_condition = observations.at(condition)
        label = (
            f"{condition.ensemble}_{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"
        )
        drift = find_result(
            report, check_id="energy_drift", system=system, condition=condition.as_dict()
        )

        def path(kind: str, label: str = label) -> Path:
            return folder / f"{system}_{kind}_{label}.png"

        drawn += [
            energy_figure(of_condition, path=path("energy"), drift=drift, model=model),
            temperature_figure(of_condition, path=path("temperature"), model=model),
            bond_figure(of_condition, path=path("bonds"), model=model),
            shape_figure(of_condition, path=path("shape"), model=model),
        ]
    accuracy = find_result(report, check_id="force_accuracy", system=system)
    drawn.append(
        force_figure(
            observations, path=folder / f"{system}_forces.png", accuracy=accuracy, model=model
        )
    )
    return [record for record in drawn if record is not None]
