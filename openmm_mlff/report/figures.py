"""The figures of one report: every plot with its place and caption, and its files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from openmm_mlff.checks import CHECKS
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.plots import Plot
from openmm_mlff.report.conservation_plots import plot_energy, plot_momentum, plot_temperature
from openmm_mlff.report.cutoff_plots import plot_pairs, plot_scans
from openmm_mlff.report.measurement_plots import plot_forces, plot_timesteps, plot_velocities
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.structure_plots import plot_bonds, plot_shape
from openmm_mlff.report.wording import condition_label, status_label
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.runs import Evidence, RunCondition

MakePlot = Callable[[Evidence, CheckResult | None], Plot | None]
"""Return a plot of a system with the result of its check; None where there are no data."""

OF_A_SYSTEM: tuple[tuple[str, MakePlot], ...] = (
    ("cutoff_continuity", plot_pairs),
    ("cutoff_continuity", plot_scans),
    ("timestep_convergence", plot_timesteps),
    ("kinetic_distribution", plot_velocities),
    ("force_accuracy", plot_forces),
)
OF_A_CONDITION: tuple[tuple[str, MakePlot], ...] = (
    ("stability", plot_bonds),
    ("stability", plot_shape),
    ("energy_drift", plot_energy),
    ("temperature", plot_temperature),
    ("momentum_conservation", plot_momentum),
)
"""Plots of shared measurements and simulations; a check plots its own record itself."""


@dataclass(frozen=True)
class PlacedPlot:
    """One plot of a check on one system.

    Attributes:
        condition: temperature and timestep; None for a plot of the whole system.
    """

    check_id: str
    system: str
    condition: RunCondition | None
    plot: Plot

    @property
    def stem(self) -> str:
        """The name of its files, without the ending."""
        name = f"{self.system}_{self.plot.name}"
        if (condition := self.condition) is None:
            return name
        label = (
            f"{condition.ensemble}_{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"
        )
        # Files from other sources may contain arbitrary ensemble names.
        return f"{name}_{safe_name(label, otherwise='run')}"

    @property
    def where(self) -> str:
        """The label of the condition, or nothing."""
        return "" if self.condition is None else condition_label(self.condition.as_dict())

    def captioned(self, result: CheckResult | None) -> "PlacedPlot":
        """Return a copy whose caption ends with the result of the check."""
        plot = self.plot
        first = plot.panels[0]
        own = f"{plot.title.rstrip('. ')}: {first.y.label} against {first.x.label}."
        found = "" if result is None else f" {result.message} ({status_label(result.status)})"
        return replace(self, plot=replace(plot, caption=f"{plot.caption or own}{found}"))


@dataclass(frozen=True)
class FigureRecord:
    """A figure that was written.

    Attributes:
        path: the PNG; the SVG is beside it.
        caption: a description that includes the numbers.
        system: empty where the figure shows several systems.
    """

    path: Path
    title: str
    caption: str
    system: str
    width_inch: float = 3.4

    @property
    def svg_path(self) -> Path:
        """The same figure as SVG."""
        return self.path.with_suffix(".svg")


def report_plots(
    observations_by_system: Mapping[str, Evidence],
    report: ValidationReport,
    *,
    plots: Sequence[PlacedPlot] = (),
) -> list[PlacedPlot]:
    """Return every plot for which there are data, with its caption, by system and check.

    ``plots`` are those of the checks themselves.
    """
    order = {check.id: k for k, check in enumerate(CHECKS)}
    placed = []
    for system, evidence in observations_by_system.items():
        found = [one for one in plots if one.system == system and one.plot.has_data()]
        views = [(replace(evidence, condition=None), OF_A_SYSTEM)]
        views += [(evidence.at(condition), OF_A_CONDITION) for condition in evidence.conditions()]
        for view, table in views:
            for check_id, make in table:
                plot = make(view, _result(report, check_id, system, view.condition))
                if plot is not None:
                    found.append(PlacedPlot(check_id, system, view.condition, plot))
        found.sort(key=lambda one: order.get(one.check_id, len(order)))
        placed += [
            one.captioned(_result(report, one.check_id, system, one.condition)) for one in found
        ]
    return placed


def write_figures(
    placed: Sequence[PlacedPlot], folder: Path, *, model: str = ""
) -> list[FigureRecord]:
    """Write plots as PNG and SVG."""
    return [
        write_figure(
            one.plot,
            folder / f"{one.stem}.png",
            system=one.system,
            headline=" · ".join(part for part in (model, one.system, one.where) if part),
        )
        for one in placed
    ]


def write_figure(plot: Plot, path: Path, *, system: str = "", headline: str = "") -> FigureRecord:
    """Write one plot as PNG, and as SVG beside it."""
    # Imported here because a page alone does not need matplotlib.
    from openmm_mlff.report.drawing import draw_plot, width_inch

    draw_plot(plot, path, headline=headline)
    return FigureRecord(path, plot.title, plot.caption, system, width_inch(plot))


def _result(
    report: ValidationReport, check_id: str, system: str, condition: RunCondition | None
) -> CheckResult | None:
    asked = None if condition is None else condition.as_dict()
    return find_result(report, check_id=check_id, system=system, condition=asked)
