"""Scans of `cutoff_continuity` as drawn in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from openmm_mlff.checks.surface.cutoff_continuity import ALONE, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.report.canvas import VERMILLION
from openmm_mlff.report.stored import stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.units import MEV_PER_EV

MEASUREMENT = "cutoff_continuity"


@dataclass(frozen=True)
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
    jumps: tuple[Jump, ...]

    def broken(self) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinate and energy with NaN at each jump, to interrupt the line."""
        places = [jump.coordinate for jump in self.jumps]
        before = np.searchsorted(self.coordinate, places)
        return (
            np.insert(self.coordinate, before, places),
            np.insert(self.energies_mev, before, np.nan),
        )

    def sides_mev(self, jump: Jump) -> tuple[float, float]:
        """Return the energies before and after a jump."""
        after = int(np.searchsorted(self.coordinate, jump.coordinate))
        after = min(max(after, 1), len(self.coordinate) - 1)
        return float(self.energies_mev[after - 1]), float(self.energies_mev[after])


def read_scans(evidence: Evidence, *, alone: bool, least_jump_mev: float) -> list[DrawnScan]:
    """Return the scans of isolated pairs, or all others, with at least two points.

    Jumps smaller than ``least_jump_mev`` are omitted. Empty where nothing was measured or the files
    are damaged.
    """
    record = stored_record(evidence, MEASUREMENT, Record)
    if record is None:
        return []
    jumps = [jump for jump in record.jumps if jump.energy_mev > least_jump_mev]
    scans = [
        _drawn(record, index=k, jumps=jumps)
        for k, kind in enumerate(record.kinds)
        if (kind == ALONE) is alone
    ]
    return [scan for scan in scans if np.isfinite(scan.energies_mev).sum() >= 2]


def _drawn(record: Record, *, index: int, jumps: Sequence[Jump]) -> DrawnScan:
    here = record.scan == index
    energies_ev = np.where(np.isfinite(record.energies_ev[here]), record.energies_ev[here], np.nan)
    far_ev = energies_ev[np.isfinite(energies_ev)][-1:]
    return DrawnScan(
        name=record.names[index],
        kind=record.kinds[index],
        coordinate=record.coordinate[here],
        energies_mev=(energies_ev - (far_ev[0] if len(far_ev) else np.nan)) * MEV_PER_EV,
        jumps=tuple(jump for jump in jumps if jump.scan == record.names[index]),
    )


def mark_jumps(axes: Axes, scan: DrawnScan, *, label: Literal["beside", "above", "none"]) -> None:
    """Draw each jump as a line between its sides, with the size of the largest as its label."""
    for k, jump in enumerate(scan.jumps):
        sides = scan.sides_mev(jump)
        axes.plot([jump.coordinate] * 2, sides, color=VERMILLION, linewidth=1.1, zorder=4)
        if k == 0 and label != "none":
            above = label == "above"
            axes.annotate(
                f"{number(jump.energy_mev)} meV",
                xy=(jump.coordinate, max(sides) if above else 0.5 * sum(sides)),
                xytext=(2, 2) if above else (3, 0),
                textcoords="offset points",
                va="bottom" if above else "center",
                fontsize=6.5,
                color=VERMILLION,
                zorder=5,
                # The number would not be legible on a curve.
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.4},
            )


def last_change(scans: Sequence[DrawnScan], *, least_mev: float) -> float:
    """Return the coordinate beyond which all scans stay within ``least_mev`` of their far end."""
    last = [
        float(scan.coordinate[moving][-1])
        for scan in scans
        if (moving := np.abs(scan.energies_mev) > least_mev).any()
    ]
    return max(last, default=max(float(scan.coordinate[0]) for scan in scans))
