"""Figures of checks that describe their plots as data, all drawn by one renderer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openmm_mlff.checks.base import Plot, place
from openmm_mlff.foreign_text import printable
from openmm_mlff.report.canvas import (
    PALETTE,
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    drawing,
    finite_or_nan,
)
from openmm_mlff.report.captions import subject
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.wording import number, status_label
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.runs import Evidence, RunCondition

STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
"""Line styles of neighbouring curves, so that each is visible where they coincide."""

FEW_POINTS = 40
"""A curve of at most this many points has markers."""


@dataclass(frozen=True)
class CheckPlot:
    """One plot of a check on one system.

    Attributes:
        condition: temperature and timestep; None for a check of the whole system.
        position: among the plots of the check, starting at 1.
    """

    check_id: str
    system: str
    condition: RunCondition | None
    position: int
    plot: Plot

    @property
    def kind(self) -> str:
        """The part of the file name that identifies the plot within a system."""
        return f"plot_{self.check_id}_{self.position}"

    def has_data(self) -> bool:
        """Return whether any point is finite."""
        return any(
            (np.isfinite(finite_or_nan(x)) & np.isfinite(finite_or_nan(y))).any()
            for x, y in self.plot.series.values()
        )

    def result_in(self, report: ValidationReport) -> CheckResult | None:
        """Return the check's result."""
        condition = None if self.condition is None else self.condition.as_dict()
        return find_result(report, check_id=self.check_id, system=self.system, condition=condition)


def plots_of_system(plots: Sequence[CheckPlot], *, system: str) -> list[CheckPlot]:
    """Return the plots of one system that have data."""
    return [one for one in plots if one.system == system and one.has_data()]


def check_plot_figure(
    drawn: CheckPlot, evidence: Evidence, *, path: Path, result: CheckResult | None, model: str
) -> FigureRecord:
    """Draw one plot of a check."""
    plot = drawn.plot
    headline = subject(evidence, model=model)
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.8, headline=headline) as figure:
        axes = figure.subplots()
        for k, (name, (x, y)) in enumerate(plot.series.items()):
            axes.plot(
                finite_or_nan(x),
                finite_or_nan(y),
                color=PALETTE[k % len(PALETTE)],
                linestyle=STYLES[k % len(STYLES)],
                linewidth=1.1,
                marker="o" if len(x) <= FEW_POINTS else None,
                markersize=2.5,
                label=printable(name),
            )
        if plot.limit is not None:
            label = f"limit: {number(plot.limit)}"
            axes.axhline(plot.limit, color=VERMILLION, linestyle=(0, (4, 2)), label=label)
        # Escaped, because matplotlib reads a dollar sign in a label as the start of a formula.
        axes.set_xlabel(printable(plot.x_label), parse_math=False)
        axes.set_ylabel(printable(plot.y_label), parse_math=False)
        legend = axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return FigureRecord(path, plot.title, _caption(drawn, result=result), drawn.system)


def _caption(drawn: CheckPlot, *, result: CheckResult | None) -> str:
    limit = "" if drawn.plot.limit is None else f"; the limit of {number(drawn.plot.limit)} dashed"
    found = "" if result is None else f" {result.message} ({status_label(result.status)})"
    where = place(drawn.system, drawn.condition)
    return (
        f"{drawn.plot.title.rstrip('. ')}, {where}: {drawn.plot.y_label} against "
        f"{drawn.plot.x_label}{limit}.{found}"
    )
