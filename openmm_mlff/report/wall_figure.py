"""Figure of the energy of pairs of elements at short distance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.surface.short_range_repulsion import Record
from openmm_mlff.checks.surface.walls import Wall
from openmm_mlff.report.canvas import (
    GREY,
    PALETTE,
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    drawing,
    legend_above,
)
from openmm_mlff.report.captions import subject
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence

MEASUREMENT = "short_range_repulsion"
STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
LINEAR_EV = 1.0
"""The axis is linear up to this energy and logarithmic above."""

SMOOTH_LINSCALE = 0.9 / math.log(10.0)
"""Makes the transition from linear to logarithmic smooth."""


@dataclass(frozen=True)
class DrawnWall:
    """Curve of one pair and its measurement by the check.

    Attributes:
        distances_angstrom: (P,).
        energies_ev: above the minimum outside the covalent radii, (P,), NaN where there is none.
    """

    distances_angstrom: np.ndarray
    energies_ev: np.ndarray
    wall: Wall

    def hole(self) -> tuple[float, float, float]:
        """Return position, height and depth of the hole at distances shorter than the maximum.

        Returns:
            Å, eV above the minimum, eV below the maximum.
        """
        inner, outer = sorted((self.wall.hole_angstrom, self.wall.lowest_angstrom))
        between = (self.distances_angstrom >= inner) & (self.distances_angstrom <= outer)
        inside = float(np.interp(inner, self.distances_angstrom, self.energies_ev))
        return inner, inside, float(np.nanmax(self.energies_ev[between])) - inside


def wall_figure(
    evidence: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the energy of each pair down to 0.3 Å, holes marked; None without pairs."""
    drawn = read_walls(evidence)
    if not drawn:
        return None
    needed_ev = wall_limit_ev(result)
    headline = subject(evidence, model=model)
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.8, headline=headline) as figure:
        axes = figure.subplots()
        for k, one in enumerate(drawn):
            axes.plot(
                one.distances_angstrom,
                one.energies_ev,
                color=PALETTE[k % len(PALETTE)],
                linestyle=STYLES[k // len(PALETTE) % len(STYLES)],
                linewidth=1.1,
                label=one.wall.pair,
            )
        _mark_low_walls(axes, drawn, needed_ev=needed_ev)
        _mark_holes(axes, drawn)
        _finish(axes, drawn, needed_ev=needed_ev)
    caption = (
        f"Energy of each pair of elements of {evidence.system.name} pushed together, above its "
        f"lowest outside the covalent radii, against the distance."
        f"{_heights_sentence(drawn, needed_ev=needed_ev)}"
        f"{_holes_sentence(drawn)}{_status_sentence(result)}"
    )
    return FigureRecord(path, "Walls at short distance", caption, evidence.system.name)


def read_walls(evidence: Evidence) -> list[DrawnWall]:
    """Return the curves with at least two points."""
    record = stored_record(evidence, MEASUREMENT, Record)
    if record is None:
        return []
    drawn = []
    for k, wall in enumerate(record.walls()):
        energies_ev = record.energies_ev[record.pair == k]
        energies_ev = np.where(np.isfinite(energies_ev), energies_ev, np.nan)
        if np.isfinite(energies_ev).sum() >= 2 and np.isfinite(wall.lowest_angstrom):
            distances = record.distances_angstrom[record.pair == k]
            lowest_ev = np.interp(wall.lowest_angstrom, distances, energies_ev)
            drawn.append(DrawnWall(distances, energies_ev - lowest_ev, wall))
    return drawn


def wall_limit_ev(result: CheckResult | None) -> float | None:
    """Return the required height of a wall."""
    measures = [] if result is None else result.evidence.get("measures", [])
    found = [measure["threshold"] for measure in measures if measure.get("at_least")]
    return float(found[0]) if found else None


def _mark_low_walls(axes: Axes, drawn: Sequence[DrawnWall], *, needed_ev: float | None) -> None:
    """Mark the inner end of each curve that is too low."""
    low = [one for one in drawn if needed_ev is not None and one.wall.height_ev < needed_ev]
    if low:
        axes.scatter(
            [one.distances_angstrom[0] for one in low],
            [one.energies_ev[0] for one in low],
            s=26,
            marker="o",
            facecolors="none",
            edgecolors=VERMILLION,
            linewidth=0.9,
            zorder=5,
            label="too low",
        )


def _mark_holes(axes: Axes, drawn: Sequence[DrawnWall]) -> None:
    """Mark holes, where the energy decreases at distances shorter than a maximum."""
    holes = [one for one in drawn if one.wall.hole_ev > 0.0]
    if not holes:
        return
    places, heights, _ = zip(*(one.hole() for one in holes), strict=True)
    axes.scatter(
        places, heights, s=22, marker="v", color=VERMILLION, linewidth=0, zorder=5, label="hole"
    )


def _finish(axes: Axes, drawn: Sequence[DrawnWall], *, needed_ev: float | None) -> None:
    if needed_ev is not None:
        axes.axhline(needed_ev, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)
        axes.annotate(
            f"needed at {drawn[0].distances_angstrom[0]:.2g} Å: {number(needed_ev)} eV",
            xy=(0.99, needed_ev),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            fontsize=6.5,
            color=GREY,
        )
    top = max(float(np.nanmax(one.energies_ev)) for one in drawn)
    axes.set_yscale("symlog", linthresh=LINEAR_EV, linscale=SMOOTH_LINSCALE)
    bottom = min(float(np.nanmin(one.energies_ev)) for one in drawn)
    axes.set_ylim(min(-0.12, 1.6 * bottom), 1.6 * max(top, 2.0 * (needed_ev or 0.0), LINEAR_EV))
    axes.set_xlabel("Distance (Å)")
    axes.set_ylabel("$E(r) - E_\\mathrm{min}$ (eV)")
    legend_above(axes, columns=5)


def _heights_sentence(drawn: Sequence[DrawnWall], *, needed_ev: float | None) -> str:
    heights = [one.wall for one in drawn if np.isfinite(one.wall.height_ev)]
    if not heights:
        return ""
    lowest = min(heights, key=lambda wall: wall.height_ev)
    needed = "" if needed_ev is None else f" ({number(needed_ev)} eV are needed)"
    return f" The lowest wall is that of {lowest.pair}: {number(lowest.height_ev)} eV{needed}."


def _holes_sentence(drawn: Sequence[DrawnWall]) -> str:
    holes = []
    for one in drawn:
        if one.wall.hole_ev > 0.0:
            place, _, depth = one.hole()
            holes.append(f"{one.wall.pair} at {place:.2f} Å ({number(depth)} eV)")
    return f" Holes inside of a maximum: {', '.join(holes)}." if holes else " No pair has a hole."


def _status_sentence(result: CheckResult | None) -> str:
    return "" if result is None else f" Result: {status_label(result.status)}."
