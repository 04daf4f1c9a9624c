"""All charts of one report: which check has which, and where its data come from."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from openmm_mlff.observations import Observations
from openmm_mlff.records import CheckResult, ValidationReport
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.html.charts.accuracy import force_chart, torsion_chart, vibration_chart
from openmm_mlff.report.html.charts.cutoff import pair_chart, scan_charts
from openmm_mlff.report.html.charts.dynamics import energy_chart, momentum_chart, temperature_chart
from openmm_mlff.report.html.charts.model import Chart
from openmm_mlff.report.html.charts.structure import bond_chart
from openmm_mlff.report.html.charts.surface import rotation_chart, wall_chart
from openmm_mlff.report.html.charts.timesteps import convergence_chart, velocity_chart
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.wording import condition_label

Draw = Callable[..., "Chart | list[Chart] | None"]

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
"""Check, and what draws its chart, once a system."""

OF_A_CONDITION: tuple[tuple[str, Draw], ...] = (
    ("stability", bond_chart),
    ("energy_drift", energy_chart),
    ("energy_drift", temperature_chart),
    ("momentum_conservation", momentum_chart),
)
"""Check, and what draws its chart, once a temperature and timestep."""


def draw_charts(
    observations_by_system: Mapping[str, Observations],
    report: ValidationReport,
    *,
    figures: Sequence[FigureRecord] = (),
) -> list[Chart]:
    """Draw every chart for which there are data.

    Args:
        observations_by_system: what was observed, by name of the molecule.
        report: whose numbers the charts show.
        figures: of the same data, whose captions serve for the charts, too.

    Returns:
        The charts, each with the check that it belongs to.
    """
    captions = {figure.path.stem: figure.caption for figure in figures}
    charts: list[Chart] = []
    for system, observations in observations_by_system.items():
        for check_id, draw in OF_A_SYSTEM:
            result = find_result(report, check_id=check_id, system=system)
            charts += _placed(draw, observations, result, check_id=check_id, captions=captions)
        for condition in observations.conditions():
            view = observations.at(condition)
            for check_id, draw in OF_A_CONDITION:
                result = find_result(
                    report, check_id=check_id, system=system, condition=condition.as_dict()
                )
                charts += _placed(draw, view, result, check_id=check_id, captions=captions)
    return charts


def _placed(
    draw: Draw,
    observations: Observations,
    result: CheckResult | None,
    *,
    check_id: str,
    captions: Mapping[str, str],
) -> Iterator[Chart]:
    """Draw, and give each chart its place and its caption."""
    drawn = draw(observations, result=result)
    condition = observations.condition
    end = label = ""
    if condition is not None:
        label = condition_label(condition.as_dict())
        end = f"_{condition.ensemble}_{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"
    name = observations.system.name
    for chart in drawn if isinstance(drawn, list) else [drawn]:
        if chart is not None:
            caption = captions.get(f"{name}_{chart.kind}{end}", "")
            yield chart.placed(check_id=check_id, system=name, caption=caption, condition=label)
