"""Figures of vibrational frequencies and torsion profiles against the reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    GREY,
    INK,
    PALETTE,
    SINGLE_COLUMN_INCH,
    FigureRecord,
    drawing,
    legend_above,
)
from openmm_mlff.report.captions import subject, verdict_sentence
from openmm_mlff.report.wording import number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence

WAVENUMBER_UNIT = "cm⁻¹"
BARRIER_UNIT = "kcal/mol"
MOST_BONDS = 8
COLUMNS = 4


def vibration_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the error of each harmonic frequency; None where frequencies were not compared."""
    evidence = {} if result is None else result.evidence
    own = floats(evidence.get("model_wavenumbers_per_cm"))
    reference = floats(evidence.get("reference_wavenumbers_per_cm"))
    if not len(own) or len(own) != len(reference):
        return None
    differences = own - reference
    if not np.isfinite(differences).any():
        return None
    limit = mean_limit(evidence)
    with drawing(
        path,
        width_inch=SINGLE_COLUMN_INCH,
        height_inch=2.4,
        headline=subject(observations, model=model),
    ) as figure:
        axes = figure.subplots()
        axes.axhline(0.0, color=INK, linewidth=0.7)
        axes.vlines(reference, 0.0, differences, color=PALETTE[0], linewidth=0.9)
        axes.plot(reference, differences, "o", markersize=3.5, color=PALETTE[0])
        reach = 1.1 * max(float(np.nanmax(np.abs(differences))), limit or 0.0, 1.0)
        if limit is not None:
            allowed = f"allowed mean: ±{number(limit)}"
            axes.axhspan(-limit, limit, color=GREY, alpha=0.2, linewidth=0, zorder=0, label=allowed)
            legend_above(axes)
        axes.set_ylim(-reach, reach)
        axes.set_xlabel(f"Reference frequency ({WAVENUMBER_UNIT})")
        axes.set_ylabel(f"Potential − reference ({WAVENUMBER_UNIT})")
    mean = number(float(np.nanmean(np.abs(differences))))
    allowed = "" if limit is None else f", {number(limit)} {WAVENUMBER_UNIT} allowed (grey)"
    said = "" if result is None else f" Result: {status_label(result.status)}."
    caption = (
        f"Harmonic frequencies of {observations.system.name}, each at its own minimum: difference "
        f"from {evidence.get('reference', 'the reference')} against its frequency, {mean} "
        f"{WAVENUMBER_UNIT} in the mean{allowed}.{said}"
    )
    return FigureRecord(path, "Harmonic frequencies", caption, observations.system.name)


def mean_limit(evidence: Mapping[str, Any]) -> float | None:
    """Return the limit on the mean difference, which is the first measure of the check."""
    measures = evidence.get("measures", [])
    return float(measures[0]["threshold"]) if measures else None


def torsion_figure(
    observations: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the torsion profile of each rotatable bond; None where no bond was judged."""
    evidence = {} if result is None else result.evidence
    profiles = [one for one in evidence.get("profiles", []) if one.get("judged")][:MOST_BONDS]
    if not profiles:
        return None
    columns = min(len(profiles), COLUMNS)
    rows = -(-len(profiles) // columns)
    width = SINGLE_COLUMN_INCH if columns < 3 else DOUBLE_COLUMN_INCH
    with drawing(
        path,
        width_inch=width,
        height_inch=0.9 + 1.6 * rows,
        headline=subject(observations, model=model),
    ) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(profiles) :]:
            axes.set_visible(False)
        for axes, profile in zip(grid.flat, profiles, strict=False):
            _draw_profile(axes, profile)
        figure.supxlabel("Dihedral angle (°)", fontsize=8.0)
        figure.supylabel(f"Energy ({BARRIER_UNIT})", fontsize=8.0)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2)
    caption = (
        f"Energy of {observations.system.name} against the dihedral angle of each rotatable bond, "
        f"on geometries that {evidence.get('reference', 'the reference')} relaxed, relative to its "
        f"lowest point.{_barriers_sentence(profiles)}"
        f"{verdict_sentence(result, unit=BARRIER_UNIT, what='The largest error is')}"
    )
    return FigureRecord(path, "Torsion profiles", caption, observations.system.name, width)


def _draw_profile(axes: Axes, profile: dict[str, Any]) -> None:
    angles = (floats(profile["angles_degrees"]) + 180.0) % 360.0 - 180.0
    order = np.argsort(angles)
    own, reference = (
        floats(profile[f"{name}_kcal_per_mol"])[order] for name in ("model", "reference")
    )
    axes.plot(
        angles[order], reference, color=INK, linestyle=(0, (4, 2)), zorder=3, label="reference"
    )
    axes.plot(angles[order], own, color=PALETTE[0], marker="o", markersize=2, label="potential")
    axes.set_xlim(-180.0, 180.0)
    axes.set_xticks([-180, 0, 180])
    axes.set_title(profile["bond"], loc="right", fontsize=7.0, pad=2.0)


def _barriers_sentence(profiles: Sequence[dict[str, Any]]) -> str:
    barriers = [
        f"{one['bond']} {number(one['barrier_model_kcal_per_mol'])} against "
        f"{number(one['barrier_reference_kcal_per_mol'])}"
        for one in profiles
    ]
    return f" Barriers ({BARRIER_UNIT}): {', '.join(barriers)}."


def floats(values: Sequence[float | None] | None) -> np.ndarray:
    """Convert numbers to an array, with NaN for None."""
    return np.array([np.nan if value is None else value for value in values or ()], dtype=float)
