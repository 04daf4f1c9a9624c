"""Figure of accuracy against speed, one point per model and system."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from openmm_mlff.campaign.leaderboard import SpeedPoint
from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    INK,
    PALETTE,
    FigureRecord,
    drawing,
)

FIGURE_FILE = "accuracy_speed.png"
_HEIGHT_INCH = 3.2
_MOST_LABELLED = 12
_MARKERS = "osD^vP*X"


def speed_figure(points: Sequence[SpeedPoint], *, path: Path) -> FigureRecord | None:
    """Draw the force error against the time per step; None if no model has both."""
    if not points:
        return None
    models = list(dict.fromkeys(point.model for point in points))
    with drawing(path, width_inch=DOUBLE_COLUMN_INCH, height_inch=_HEIGHT_INCH) as figure:
        axes = figure.subplots()
        for number, model in enumerate(models):
            _draw_model(
                axes,
                [point for point in points if point.model == model],
                colour=PALETTE[number % len(PALETTE)],
                marker=_MARKERS[number // len(PALETTE) % len(_MARKERS)],
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.margins(0.12)
        axes.set_xlabel("Time of a step (ms), lower is faster")
        axes.set_ylabel("Error of the forces, RMSE (eV/Å)")
        if len(models) <= _MOST_LABELLED:
            figure.legend(loc="outside right upper")
    return FigureRecord(
        path=path,
        title="Accuracy against speed",
        caption="Error of the forces against the time of a step. Small: one system each, medians "
        "over conditions and seeds; large: the median over systems. Best is lower left.",
        system="",
        width_inch=DOUBLE_COLUMN_INCH,
    )


def _draw_model(axes: Axes, points: Sequence[SpeedPoint], *, colour: str, marker: str) -> None:
    """Draw one model: small points for systems, a large labelled point for the median."""
    speeds = [point.ms_per_step for point in points]
    errors = [point.force_ev_per_angstrom for point in points]
    axes.plot(speeds, errors, marker, color=colour, markersize=3.5, alpha=0.55, linestyle="none")
    axes.plot(
        statistics.median(speeds),
        statistics.median(errors),
        marker,
        color=colour,
        markersize=8.0,
        markeredgecolor=INK,
        markeredgewidth=0.6,
        linestyle="none",
        label=points[0].model,
    )
