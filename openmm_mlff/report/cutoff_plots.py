"""Plots of the energy near the cutoff: isolated pairs of atoms, and the judged scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.surface.cutoff_continuity import ALONE, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.plots import Axis, Line, Mark, Panel, Plot, Points, finite_or_nan
from openmm_mlff.report.plot_parts import Range, cut_sentence, robust_range
from openmm_mlff.report.selection import measures, stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

MEASUREMENT = "cutoff_continuity"
UNIT = "meV"
DEFAULT_LEAST_JUMP_MEV = 1.0
MOST_PAIRS = 10
HALF_WINDOW_ANGSTROM = 1.0
LEAST_SPAN_MEV = 20.0
FLAT_MEV = 0.5
BEYOND = 1.5  # extent of the axis beyond the last change, in the coordinate of the scan
ROOM_BEFORE = 0.2

LABELS = {
    "dimer": "Distance of the copies' centres (Å)",
    "breathing": "Distances relative to the minimum",
    "atom drawn apart": "Distance pulled out (Å)",
    "molecule moved": "Molecule moved by (Å)",
    "atom moved": "Atom moved by (Å)",
}


@dataclass(frozen=True, eq=False)
class DrawnScan:
    """Energy along one scan.

    Attributes:
        kind: see :class:`openmm_mlff.checks.surface.scans.Scan`.
        coordinate: (P,), Å; a scale factor for uniform expansion.
        energies_mev: relative to the far end, (P,), NaN where there is none.
        jumps: above the limit, the largest first.
    """

    name: str
    kind: str
    coordinate: np.ndarray
    energies_mev: np.ndarray
    jumps: Sequence[Jump]

    def line(self, colour: int, *, near: float | None = None) -> Line:
        """Return the curve, interrupted at each jump; if ``near``, within 1 Å of it."""
        places = [jump.coordinate for jump in self.jumps]
        before = np.searchsorted(self.coordinate, places)
        x = np.insert(self.coordinate, before, places)
        y = np.insert(self.energies_mev, before, np.nan)
        if near is not None:
            inside = np.abs(x - near) <= HALF_WINDOW_ANGSTROM
            x, y = x[inside], y[inside]
        return Line(x, y, self.name if near is None else "", colour)

    def sides_mev(self, jump: Jump) -> tuple[float, float]:
        """Return the energies before and after a jump."""
        after = int(np.searchsorted(self.coordinate, jump.coordinate))
        after = min(max(after, 1), len(self.coordinate) - 1)
        return float(self.energies_mev[after - 1]), float(self.energies_mev[after])

    def jump_marks(self, *, named: bool) -> list[Mark]:
        """Return a line between the sides of each jump, and the size of the largest."""
        marks: list[Mark] = [
            Line([jump.coordinate] * 2, self.sides_mev(jump), "jump", "bad", "solid")
            for jump in self.jumps
        ]
        if self.jumps and named:
            jump = self.jumps[0]
            x, y = [jump.coordinate], [max(self.sides_mev(jump))]
            texts = [f"{number(jump.energy_mev)} meV"]
            marks.append(Points(x, y, "", "bad", texts=texts))
        return marks


def plot_pairs(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot the energy of isolated pairs against distance; None where no pair was scanned.

    Pairs with jumps get one panel each, near the jump; otherwise one panel shows all curves.
    """
    allowed = allowed_mev(result)
    scans = read_scans(evidence, alone=True, least_jump_mev=allowed)[:MOST_PAIRS]
    if not scans:
        return None
    farthest = max(float(scan.coordinate[-1]) for scan in scans)
    opening = (
        f"Energy of each pair of elements of {evidence.system.name}, two atoms alone, against "
        f"their distance, relative to {farthest:.3g} Å"
    )
    jumping = _jumping(scans)
    if jumping is not None:
        return _jumping_pairs(scans, largest=jumping.jumps[0], opening=opening)
    lines = [scan.line(k) for k, scan in enumerate(scans)]
    ends = _scan_range(scans, jumping=None)
    x_axis = Axis("Distance (Å)", (_scan_start(scans, ends=ends), _scan_end(scans)))
    caption = (
        f"{opening}: no pair jumps by more than {number(allowed)} {UNIT}.{ends.sentence(UNIT)}"
    )
    panel = Panel(x_axis, Axis("E(r) − E(far) (meV)", ends.ends), lines)
    return Plot("Two atoms alone", [panel], caption, name="cutoff_pairs")


def plot_scans(evidence: Evidence, result: CheckResult | None) -> Plot | None:
    """Plot the scans judged by `cutoff_continuity` with their jumps; None without scans."""
    scans = read_scans(evidence, alone=False, least_jump_mev=allowed_mev(result))
    if not scans:
        return None
    kinds = list(dict.fromkeys(scan.kind for scan in scans))
    panels, ranges = [], []
    for kind in kinds:
        mine = [scan for scan in scans if scan.kind == kind]
        largest = _jumping(mine)
        ends = _scan_range(mine, jumping=largest)
        marks: list[Mark] = [scan.line(scans.index(scan)) for scan in mine]
        marks += [mark for scan in mine for mark in scan.jump_marks(named=scan is largest)]
        x_axis = Axis(LABELS.get(kind, kind), (_scan_start(mine, ends=ends), _scan_end(mine)))
        panels.append(Panel(x_axis, Axis("E − E(far) (meV)", ends.ends), marks))
        ranges.append(ends)
    count = sum(len(scan.jumps) for scan in scans)
    marked = f" Marked: {count} jump{'s' if count > 1 else ''}." if count else ""
    caption = (
        f"Energy of {evidence.system.name} along the scans ({', '.join(kinds)}), relative to the "
        f"far end.{marked}{cut_sentence(ranges, UNIT)}"
    )
    columns = min(len(kinds), 2)
    return Plot("Scans over the cutoff", panels, caption, name="cutoff_scans", columns=columns)


def read_scans(evidence: Evidence, *, alone: bool, least_jump_mev: float) -> list[DrawnScan]:
    """Return the scans of isolated pairs, or all others, with at least two points.

    Jumps smaller than ``least_jump_mev`` are omitted. Empty where nothing was measured or the files
    are damaged.
    """
    record = stored_record(evidence, MEASUREMENT, Record)
    if record is None:
        return []
    scans = []
    for k, kind in enumerate(record.kinds):
        here = record.scan == k
        energies_ev = finite_or_nan(record.energies_ev[here])
        known = np.flatnonzero(np.isfinite(energies_ev))
        if (kind == ALONE) is alone and len(known) >= 2:
            name = record.names[k]
            jumps = [
                jump
                for jump in record.jumps
                if jump.scan == name and jump.energy_mev > least_jump_mev
            ]
            energies_mev = (energies_ev - energies_ev[known[-1]]) * MEV_PER_EV
            scans.append(DrawnScan(name, kind, record.coordinate[here], energies_mev, jumps))
    return scans


def allowed_mev(result: CheckResult | None) -> float:
    """Return the allowed energy jump, meV."""
    found = [] if result is None else measures(result)
    limits = [one["threshold"] for one in found if one["unit"] == UNIT]
    return max((limit for limit in limits if limit is not None), default=DEFAULT_LEAST_JUMP_MEV)


def _jumping_pairs(scans: Sequence[DrawnScan], *, largest: Jump, opening: str) -> Plot:
    """Return one panel per pair with a common energy scale."""
    panels, energies = [], []
    for k, scan in enumerate(scans):
        centre = round(scan.jumps[0].coordinate if scan.jumps else largest.coordinate, 3)
        window = (centre - HALF_WINDOW_ANGSTROM, centre + HALF_WINDOW_ANGSTROM)
        line = scan.line(k, near=centre)
        energies.append(np.asarray(line.y))
        marks = [line, *scan.jump_marks(named=True)]
        note = "" if scan.jumps else "no jump"
        panels.append(Panel(Axis("Distance (Å)", window), Axis(), marks, scan.name, note))
    pooled = np.concatenate(energies)
    margin = 0.12 * float(np.nanmax(pooled) - np.nanmin(pooled))
    ends = (float(np.nanmin(pooled)) - margin, float(np.nanmax(pooled)) + margin)
    y_axis = Axis("E(r) − E(far) (meV)", ends)
    panels = [Panel(one.x, y_axis, one.marks, one.title, one.note) for one in panels]
    sizes = ", ".join(
        f"{scan.name} {number(scan.jumps[0].energy_mev)}" for scan in scans if scan.jumps
    )
    caption = (
        f"{opening}. It jumps at {largest.coordinate:.4g} Å by ({UNIT}): {sizes}. A bisection to "
        "1e-6 Å did not make the jumps smaller."
    )
    columns, height = min(len(panels), 4), 1.7
    name = "cutoff_pairs"
    return Plot("Two atoms alone", panels, caption, name=name, columns=columns, height_inch=height)


def _jumping(scans: Sequence[DrawnScan]) -> DrawnScan | None:
    """Return the scan with the largest jump."""
    jumping = [scan for scan in scans if scan.jumps]
    return max(jumping, key=lambda scan: scan.jumps[0].energy_mev, default=None)


def _scan_end(scans: Sequence[DrawnScan]) -> float:
    """Return the end of the axis: slightly beyond the last change."""
    farthest = max(float(scan.coordinate[-1]) for scan in scans)
    last = [
        float(scan.coordinate[moving][-1])
        for scan in scans
        if (moving := np.abs(scan.energies_mev) > FLAT_MEV).any()
    ]
    return min(max(last, default=max(float(s.coordinate[0]) for s in scans)) + BEYOND, farthest)


def _scan_start(scans: Sequence[DrawnScan], *, ends: Range) -> float:
    """Return the start of the axis: where the first scan enters the energy range."""
    entries = [
        float(scan.coordinate[inside][0])
        for scan in scans
        if (inside := (scan.energies_mev > ends.low) & (scan.energies_mev < ends.high)).any()
    ]
    return min(entries) - ROOM_BEFORE if entries else float(scans[0].coordinate[0])


def _scan_range(scans: Sequence[DrawnScan], *, jumping: DrawnScan | None) -> Range:
    """Return a range of energies that includes both sides of the largest jump."""
    energies_mev = np.concatenate([scan.energies_mev for scan in scans])
    ends = robust_range(energies_mev, least_span=LEAST_SPAN_MEV)
    if jumping is None:
        return ends
    sides = np.array(jumping.sides_mev(jumping.jumps[0]))
    margin = 0.1 * float(np.ptp(sides))
    low = min(ends.low, float(sides.min()) - margin)
    high = max(ends.high, float(sides.max()) + margin)
    clipped = bool(np.nanmin(energies_mev) < low or np.nanmax(energies_mev) > high)
    return Range(low, high, clipped, ends.farthest)
