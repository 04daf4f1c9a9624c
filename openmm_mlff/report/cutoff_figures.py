"""Figures of the energy near the cutoff: isolated pairs of atoms, and the judged scans."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    PALETTE,
    SINGLE_COLUMN_INCH,
    VERMILLION,
    FigureRecord,
    Limits,
    drawing,
    legend_above,
    panel_letters,
    robust_limits,
)
from openmm_mlff.report.captions import cut_sentence, subject, verdict_sentence
from openmm_mlff.report.cutoff_scans import DrawnScan, last_change, mark_jumps, read_scans
from openmm_mlff.report.selection import find_measure
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

UNIT = "meV"
DEFAULT_LEAST_JUMP_MEV = 1.0
MOST_PAIRS = 10
COLUMNS = 5
HALF_WINDOW_ANGSTROM = 1.0
LEAST_SPAN_MEV = 20.0
FLAT_MEV = 0.5
BEYOND = 1.5
"""Extent of the axis beyond the last change, in the coordinate of the scan."""

ROOM_BEFORE = 0.2

STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
LABELS = {
    "dimer": "Distance of the copies' centres (Å)",
    "breathing": "Distances over those at the minimum",
    "atom drawn apart": "Distance drawn out (Å)",
    "molecule moved": "Molecule moved by (Å)",
    "atom moved": "Atom moved by (Å)",
}


def pair_figure(
    evidence: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the energy of isolated pairs against distance; None where no pair was scanned.

    Pairs with jumps get one panel each, near the jump; otherwise one panel shows all curves.
    """
    scans = read_scans(evidence, alone=True, least_jump_mev=allowed_mev(result))
    scans = scans[:MOST_PAIRS]
    if not scans:
        return None
    headline = subject(evidence, model=model)
    if any(scan.jumps for scan in scans):
        return _jumping_pairs(evidence, scans, path=path, headline=headline)
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.8, headline=headline) as figure:
        axes = figure.subplots()
        _draw_together(axes, scans, scale=1.0 / MEV_PER_EV)
        axes.set_xlim(0.0, scan_end(scans))
        axes.set_xlabel("Distance (Å)")
        axes.set_ylabel("$E(r) - E_\\mathrm{far}$ (eV)")
        legend_above(axes, columns=5)
    farthest = max(float(scan.coordinate[-1]) for scan in scans)
    caption = (
        f"Energy of each pair of elements of {evidence.system.name}, two atoms alone, against "
        f"their distance, relative to {farthest:.3g} Å: no pair jumps by more than "
        f"{number(allowed_mev(result))} {UNIT}."
    )
    return FigureRecord(path, "Pairs at the cutoff", caption, evidence.system.name)


def scan_figure(
    evidence: Evidence, *, path: Path, result: CheckResult | None, model: str = ""
) -> FigureRecord | None:
    """Draw the scans judged by `cutoff_continuity` with their jumps; None without scans."""
    scans = read_scans(evidence, alone=False, least_jump_mev=allowed_mev(result))
    if not scans:
        return None
    kinds = list(dict.fromkeys(scan.kind for scan in scans))
    width = SINGLE_COLUMN_INCH if len(kinds) == 1 else DOUBLE_COLUMN_INCH
    headline = subject(evidence, model=model)
    limits = []
    with drawing(path, width_inch=width, height_inch=2.7, headline=headline) as figure:
        panels = figure.subplots(1, len(kinds), squeeze=False)[0].tolist()
        for axes, kind in zip(panels, kinds, strict=True):
            limits.append(_draw_kind(axes, [scan for scan in scans if scan.kind == kind]))
            axes.set_xlabel(LABELS.get(kind, kind))
        panels[0].set_ylabel("$E - E_\\mathrm{far}$ (meV)")
        if len(panels) > 1:
            panel_letters(panels)
    clipped = max(limits, key=lambda limit: limit.clipped * abs(limit.farthest))
    what = "The energy's largest jump is"
    caption = (
        f"Energy of {evidence.system.name} along the scans ({', '.join(kinds)}), relative to "
        f"the far end.{_marks_sentence(scans)}"
        f"{verdict_sentence(result, unit=UNIT, what=what)}{cut_sentence(clipped, unit=UNIT)}"
    )
    return FigureRecord(path, "Scans over the cutoff", caption, evidence.system.name, width)


def allowed_mev(result: CheckResult | None) -> float:
    """Return the allowed energy jump, meV."""
    measure = None if result is None else find_measure(result, unit=UNIT)
    if measure is None or measure.threshold is None:
        return DEFAULT_LEAST_JUMP_MEV
    return measure.threshold


def _jumping_pairs(
    evidence: Evidence, scans: Sequence[DrawnScan], *, path: Path, headline: str
) -> FigureRecord:
    """Draw one panel per pair with a common energy scale."""
    largest = max((scan.jumps[0] for scan in scans if scan.jumps), key=lambda j: j.energy_mev)
    columns = min(len(scans), COLUMNS)
    rows = -(-len(scans) // columns)
    width = SINGLE_COLUMN_INCH if columns < 3 else DOUBLE_COLUMN_INCH
    with drawing(path, width_inch=width, height_inch=0.5 + 1.7 * rows, headline=headline) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(scans) :]:
            axes.set_visible(False)
        for k, scan in enumerate(scans):
            centre = scan.jumps[0].coordinate if scan.jumps else largest.coordinate
            _draw_near(grid.flat[k], scan, centre=centre, colour=PALETTE[k % len(PALETTE)])
        figure.supxlabel("Distance (Å)", fontsize=8.0)
        figure.supylabel("$E(r) - E_\\mathrm{far}$ (meV)", fontsize=8.0)
    sizes = ", ".join(
        f"{scan.name} {number(scan.jumps[0].energy_mev)}" for scan in scans if scan.jumps
    )
    farthest = max(float(scan.coordinate[-1]) for scan in scans)
    caption = (
        f"Energy of each pair of elements of {evidence.system.name}, two atoms alone, against "
        f"their distance, relative to {farthest:.3g} Å. It jumps at {largest.coordinate:.4g} Å by "
        f"({UNIT}): {sizes}. A bisection to 1e-6 Å did not make the jumps smaller."
    )
    return FigureRecord(path, "Pairs at the cutoff", caption, evidence.system.name, width)


def _draw_near(axes: Axes, scan: DrawnScan, *, centre: float, colour: str) -> None:
    """Draw one pair within 1 Å of a distance."""
    centre = round(centre, 3)
    coordinate, energies = scan.broken()
    near = np.abs(coordinate - centre) <= HALF_WINDOW_ANGSTROM
    axes.plot(coordinate[near], energies[near], color=colour, linewidth=1.2)
    mark_jumps(axes, scan, label="beside")
    axes.set_xlim(centre - HALF_WINDOW_ANGSTROM, centre + HALF_WINDOW_ANGSTROM)
    axes.locator_params(axis="x", nbins=2)
    axes.set_title(scan.name, loc="right", fontsize=8.0, pad=2.0)
    axes.margins(y=0.12)
    if not scan.jumps:
        axes.set_title("no jump", loc="left", fontsize=6.5, pad=2.0)


def _draw_together(axes: Axes, scans: Sequence[DrawnScan], *, scale: float = 1.0) -> None:
    """Draw several scans in one panel."""
    for k, scan in enumerate(scans):
        coordinate, energies_mev = scan.broken()
        axes.plot(
            coordinate,
            scale * energies_mev,
            color=PALETTE[k % len(PALETTE)],
            linestyle=STYLES[k // len(PALETTE) % len(STYLES)],
            linewidth=1.0,
            label=scan.name,
        )


def scan_end(scans: Sequence[DrawnScan]) -> float:
    """Return the end of the axis: slightly beyond the last change."""
    farthest = max(float(scan.coordinate[-1]) for scan in scans)
    return min(last_change(scans, least_mev=FLAT_MEV) + BEYOND, farthest)


def scan_start(scans: Sequence[DrawnScan], *, limits: Limits) -> float:
    """Return the start of the axis: where the first scan enters the energy limits."""
    entries = [
        float(scan.coordinate[inside][0])
        for scan in scans
        if (inside := (scan.energies_mev > limits.low) & (scan.energies_mev < limits.high)).any()
    ]
    return min(entries) - ROOM_BEFORE if entries else float(scans[0].coordinate[0])


def _draw_kind(axes: Axes, scans: Sequence[DrawnScan]) -> Limits:
    """Draw the scans of one kind with their jumps; steep inner ends may exceed the axis."""
    _draw_together(axes, scans)
    jumping = max(
        (scan for scan in scans if scan.jumps),
        key=lambda scan: scan.jumps[0].energy_mev,
        default=None,
    )
    limits = scan_limits(scans, jumping=jumping)
    axes.set_ylim(limits.low, limits.high)
    for scan in scans:
        mark_jumps(axes, scan, label="above" if scan is jumping else "none")
    axes.set_xlim(scan_start(scans, limits=limits), scan_end(scans))
    if any(scan.jumps for scan in scans):
        axes.plot([], [], color=VERMILLION, linewidth=1.1, label="jump")
    legend_above(axes, columns=2)
    return limits


def scan_limits(scans: Sequence[DrawnScan], *, jumping: DrawnScan | None) -> Limits:
    """Return energy limits that include both sides of the largest jump."""
    energies_mev = np.concatenate([scan.energies_mev for scan in scans])
    limits = robust_limits(energies_mev, least_span=LEAST_SPAN_MEV)
    if jumping is None:
        return limits
    sides = np.array(jumping.sides_mev(jumping.jumps[0]))
    margin = 0.1 * float(np.ptp(sides))
    low = min(limits.low, float(sides.min()) - margin)
    high = max(limits.high, float(sides.max()) + margin)
    clipped = bool(np.nanmin(energies_mev) < low or np.nanmax(energies_mev) > high)
    return Limits(low, high, clipped, limits.farthest)


def _marks_sentence(scans: Sequence[DrawnScan]) -> str:
    count = sum(len(scan.jumps) for scan in scans)
    return f" Marked: {count} jump{'s' if count > 1 else ''}." if count else ""
