"""All charts of one report, by check."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.check_plots import CheckPlot, plots_of_system
from openmm_mlff.report.html.charts.accuracy import force_chart, torsion_chart, vibration_chart
from openmm_mlff.report.html.charts.check_plots import check_plot_chart
from openmm_mlff.report.html.charts.cutoff import pair_chart, scan_charts
from openmm_mlff.report.html.charts.dynamics import energy_chart, momentum_chart, temperature_chart
from openmm_mlff.report.html.charts.model import Chart
from openmm_mlff.report.html.charts.structure import bond_chart
from openmm_mlff.report.html.charts.surface import rotation_chart, wall_chart
from openmm_mlff.report.html.charts.timesteps import convergence_chart, velocity_chart
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.templating import relative_link
from openmm_mlff.report.wording import condition_label
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.runs import Evidence

Draw = Callable[..., "Chart | list[Chart] | None"]


@dataclass(frozen=True)
class _Drawn:
    """Caption and file links that a chart takes from the corresponding figure."""

    caption: str = ""
    files: tuple[tuple[str, str], ...] = ()


OF_A_SYSTEM: tuple[tuple[str, Draw], ...] = (
    ("rotation_invariance", rotation_chart),
    ("cutoff_continuity", scan_charts),
    ("cutoff_continuity", pair_chart),
    ("short_range_repulsion", wall_chart),
    ("timestep_convergence", convergence_chart),
    ("kinetic_distribution", velocity_chart),
    ("force_accuracy", force_chart),
    ("vibrations", vibration_chart),
    ("torsion_profile", torsion_chart),
)
"""Check and drawing function of charts drawn once per system."""

OF_A_CONDITION: tuple[tuple[str, Draw], ...] = (
    ("stability", bond_chart),
    ("energy_drift", energy_chart),
    ("energy_drift", temperature_chart),
    ("momentum_conservation", momentum_chart),
)
"""Check and drawing function of charts drawn once per temperature and timestep."""


def draw_charts(
    observations_by_system: Mapping[str, Evidence],
    report: ValidationReport,
    *,
    figures: Sequence[FigureRecord] = (),
    plots: Sequence[CheckPlot] = (),
    folder: Path | None = None,
) -> list[Chart]:
    """Draw every chart for which there are data.

    Captions of ``figures`` are used for the corresponding charts. Links are relative to ``folder``;
    None omits them.
    """
    drawn = {figure.path.stem: _Drawn(figure.caption, _files(figure, folder)) for figure in figures}
    charts: list[Chart] = []
    for system, observations in observations_by_system.items():
        for check_id, draw in OF_A_SYSTEM:
            result = find_result(report, check_id=check_id, system=system)
            charts += _placed(draw, observations, result, check_id=check_id, figures=drawn)
        for condition in observations.conditions():
            view = observations.at(condition)
            for check_id, draw in OF_A_CONDITION:
                result = find_result(
                    report, check_id=check_id, system=system, condition=condition.as_dict()
                )
                charts += _placed(draw, view, result, check_id=check_id, figures=drawn)
        for one in plots_of_system(plots, system=system):
            view = observations if one.condition is None else observations.at(one.condition)
            draw = partial(check_plot_chart, one)
            result = one.result_in(report)
            charts += _placed(draw, view, result, check_id=one.check_id, figures=drawn)
    return charts


def _placed(
    draw: Draw,
    observations: Evidence,
    result: CheckResult | None,
    *,
    check_id: str,
    figures: Mapping[str, _Drawn],
) -> Iterator[Chart]:
    """Draw charts and set their place and caption."""
    drawn = draw(observations, result=result)
    condition = observations.condition
    end = label = ""
    if condition is not None:
        label = condition_label(condition.as_dict())
        end = f"_{condition.ensemble}_{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"
    name = observations.system.name
    for chart in drawn if isinstance(drawn, list) else [drawn]:
        if chart is not None:
            figure = figures.get(f"{name}_{chart.kind}{end}", _Drawn())
            yield chart.placed(
                check_id=check_id,
                system=name,
                caption=figure.caption,
                condition=label,
                files=figure.files,
            )


def _files(figure: FigureRecord, folder: Path | None) -> tuple[tuple[str, str], ...]:
    """Return links to the files of a figure that exist."""
    if folder is None:
        return ()
    kinds = (("PNG", figure.path), ("SVG", figure.svg_path))
    return tuple(
        (kind, relative_link(path, folder=folder)) for kind, path in kinds if path.is_file()
    )
