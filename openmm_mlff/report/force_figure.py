"""Figure of accuracy: predicted against reference forces, with residuals."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    GREY,
    INK,
    VERMILLION,
    FigureRecord,
    drawing,
    element_colours,
    finite_or_nan,
    panel_letters,
)
from openmm_mlff.report.captions import subject
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Labels

LABELS = "reference_labels"
MOST_POINTS = 30_000
"""More force components than this are drawn as a hexagonal density plot."""

LEAST_REACH_EV_PER_ANGSTROM = 1e-3


def force_figure(
    observations: Evidence, *, path: Path, accuracy: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw predicted against reference forces, residuals and their histogram; None without data.

    All errors shown come from the result of `force_accuracy`.
    """
    pair = compared_forces(observations)
    if pair is None:
        return None
    predicted, reference = pair
    residual = predicted - reference
    rmse = None if accuracy is None else accuracy.value
    with drawing(
        path,
        width_inch=DOUBLE_COLUMN_INCH,
        height_inch=2.9,
        headline=subject(observations, model=model),
    ) as figure:
        parity, scatter, histogram = figure.subplots(
            1, 3, gridspec_kw={"width_ratios": (1.0, 1.15, 0.4)}
        )
        symbols = observations.system.symbols
        _draw_components(figure, parity, symbols=symbols, x=reference, y=predicted)
        _draw_components(figure, scatter, symbols=symbols, x=reference, y=residual)
        if predicted.size <= MOST_POINTS:
            _element_legend(parity, symbols=symbols, accuracy=accuracy)
        _finish_parity(parity, predicted=predicted, reference=reference, accuracy=accuracy)
        _finish_residuals(scatter, histogram, residual=residual, rmse=rmse)
        panel_letters((parity, scatter, histogram))
    return FigureRecord(
        path,
        "Forces against the reference",
        _caption(observations, accuracy=accuracy, n_frames=len(residual)),
        observations.system.name,
        DOUBLE_COLUMN_INCH,
    )


def compared_forces(
    observations: Evidence,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Return predicted and reference forces, (G, N, 3) each; None if they cannot be compared."""
    record = stored_record(observations, LABELS, Labels)
    if record is None:
        return None
    predicted = finite_or_nan(record.model_forces)
    reference = finite_or_nan(record.reference_forces)
    if not np.isfinite(predicted - reference).any():
        return None
    return predicted, reference


def _draw_components(
    figure: Figure,
    axes: Axes,
    *,
    symbols: tuple[str, ...],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
) -> None:
    """Draw force components by element, or as a hexagonal density plot if there are many."""
    known = np.isfinite(x) & np.isfinite(y)
    if x.size > MOST_POINTS:
        hexagons = axes.hexbin(
            x[known], y[known], gridsize=60, mincnt=1, bins="log", cmap="viridis", linewidths=0.1
        )
        figure.colorbar(hexagons, ax=axes, location="top", label="components", aspect=40, pad=0.05)
        return
    elements = np.array(symbols)
    colours = element_colours(symbols)
    # The most frequent element is drawn first, so that it does not cover others.
    order = sorted(colours, key=lambda symbol: (-symbols.count(symbol), symbol))
    for level, symbol in enumerate(order):
        mine = known & (elements == symbol)[None, :, None]
        axes.scatter(
            x[mine],
            y[mine],
            s=4.0,
            color=colours[symbol],
            alpha=0.55,
            linewidths=0,
            zorder=2 + 0.1 * level,
        )


def _element_legend(axes: Axes, *, symbols: tuple[str, ...], accuracy: CheckResult | None) -> None:
    """Draw a legend of the elements, with the error of each where the check has it."""
    errors = {} if accuracy is None else accuracy.evidence.get("per_element") or {}
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=3.5,
            color=colour,
            label=f"{symbol}  {number(errors[symbol])}" if symbol in errors else symbol,
        )
        for symbol, colour in element_colours(symbols).items()
    ]
    title = "RMSE (eV/Å)" if errors else None
    axes.legend(
        handles=handles,
        loc="lower right",
        title=title,
        title_fontsize=6.5,
        fontsize=6.5,
        handletextpad=0.1,
        labelspacing=0.25,
    )


def _finish_parity(
    axes: Axes,
    *,
    predicted: npt.NDArray[np.float64],
    reference: npt.NDArray[np.float64],
    accuracy: CheckResult | None,
) -> None:
    reach = max(
        float(np.nanmax(np.abs(predicted))),
        float(np.nanmax(np.abs(reference))),
        LEAST_REACH_EV_PER_ANGSTROM,
    )
    ends = (-1.06 * reach, 1.06 * reach)
    axes.plot(ends, ends, color=INK, linewidth=0.7, zorder=1)
    axes.set(xlim=ends, ylim=ends, xlabel="Reference force (eV/Å)", ylabel="Predicted force (eV/Å)")
    axes.set_box_aspect(1)
    # Both axes have the same ticks, because the panel is square.
    axes.set_xticks([tick for tick in axes.get_yticks() if ends[0] <= tick <= ends[1]])
    lines = _error_lines(accuracy)
    if lines:
        axes.text(
            0.04, 0.97, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=6.5, zorder=5
        )


def _finish_residuals(
    scatter: Axes,
    histogram: Axes,
    *,
    residual: npt.NDArray[np.float64],
    rmse: float | None,
) -> None:
    reach = max(float(np.nanmax(np.abs(residual))), rmse or 0.0, LEAST_REACH_EV_PER_ANGSTROM)
    ends = (-1.06 * reach, 1.06 * reach)
    known = residual[np.isfinite(residual)]
    histogram.hist(known, bins=41, range=ends, orientation="horizontal", color=GREY, alpha=0.7)
    for axes in (scatter, histogram):
        axes.axhline(0.0, color=INK, linewidth=0.7, zorder=1)
        for sign in (-1.0, 1.0) if rmse is not None else ():
            axes.axhline(
                sign * (rmse or 0.0),
                color=VERMILLION,
                linewidth=0.9,
                linestyle=(0, (4, 2)),
                zorder=4,
                label="± RMSE" if sign > 0 else None,
            )
        axes.set_ylim(*ends)
    if rmse is not None:
        scatter.legend(loc="upper right", fontsize=6.5)
    scatter.set(xlabel="Reference force (eV/Å)", ylabel="Predicted − reference (eV/Å)")
    histogram.set_xlabel("Components")
    histogram.tick_params(labelleft=False)


def _error_lines(accuracy: CheckResult | None) -> list[str]:
    if accuracy is None or accuracy.value is None:
        return []
    lines = [f"RMSE {number(accuracy.value)} eV/Å"]
    mae, r2 = accuracy.evidence.get("mae_ev_per_angstrom"), accuracy.evidence.get("r2")
    lines += [] if mae is None else [f"MAE {number(mae)} eV/Å"]
    return lines + ([] if r2 is None else [f"R² {r2:.4f}"])


def _caption(observations: Evidence, *, accuracy: CheckResult | None, n_frames: int) -> str:
    name = observations.system.name
    record = stored_record(observations, LABELS, Labels)
    reference = "the reference" if record is None else record.reference
    refused = 0 if record is None else record.refused
    parts = [
        f"Force components of {name} on {n_frames} frames of the potential's own trajectories, "
        f"predicted against {reference}: (a) parity, (b) residuals, (c) their histogram."
    ]
    if refused:
        parts.append(f"The reference refused {refused} further frames.")
    if accuracy is not None and accuracy.value is not None:
        errors = ", ".join(_error_lines(accuracy))
        limit = (
            ""
            if accuracy.threshold is None
            else f", at most {number(accuracy.threshold)} {accuracy.unit} allowed"
        )
        parts.append(f"{errors}{limit} ({status_label(accuracy.status)}).")
    median = None if accuracy is None else accuracy.evidence.get("angle_median_degrees")
    if median is not None:
        parts.append(f"Median angle between the force vectors: {number(median)}°.")
    return " ".join(parts)
