"""Find what jumps along a scan, and bisect it: a slope shrinks with the interval, a jump stays."""

from dataclasses import dataclass, replace

import numpy as np

from openmm_mlff.probes.evaluation import Points, evaluate_each
from openmm_mlff.probes.model import ProbeSubject
from openmm_mlff.probes.surface.placements import Scan

FINEST_INTERVAL = 1e-6
"""To which an interval is bisected, in the scan's coordinate."""

ENERGY_SCALE_EV = 1e-3
FORCE_SCALE_EV_PER_ANGSTROM = 5e-2
"""What a jump in energy and one in force weigh when the worse half of an interval is chosen."""

SUSPECT_WEIGHT = 0.2
"""From this weight on a step is looked at more closely."""

MOST_SUSPECTS = 24
"""Of each scan: the worst are bisected, and one jump is enough to fail."""


@dataclass(frozen=True)
class Interval:
    """Two neighbouring points of a scan.

    Attributes:
        low: coordinate.
        high: coordinate.
        energies_ev: (2,).
        forces: (2, N, 3), eV/Å.
        slopes: dE/ds by the forces, −F·dx/ds, (2,).
    """

    low: float
    high: float
    energies_ev: np.ndarray
    forces: np.ndarray
    slopes: np.ndarray

    @property
    def energy_jump_ev(self) -> float:
        """What of the step in energy the forces do not explain (trapezoidal rule)."""
        expected = 0.5 * (self.slopes[0] + self.slopes[1]) * (self.high - self.low)
        return float(abs(self.energies_ev[1] - self.energies_ev[0] - expected))

    @property
    def force_jump_ev_per_angstrom(self) -> float:
        """The largest change of an atom's force."""
        return float(np.linalg.norm(self.forces[1] - self.forces[0], axis=-1).max())

    @property
    def weight(self) -> float:
        """Both jumps on one scale; endless where a number is not finite."""
        weight = (
            self.energy_jump_ev / ENERGY_SCALE_EV
            + self.force_jump_ev_per_angstrom / FORCE_SCALE_EV_PER_ANGSTROM
        )
        return weight if np.isfinite(weight) else np.inf


def suspects(scan: Scan, points: Points) -> list[Interval]:
    """Choose the steps of a scan in which something may jump.

    A step in energy that the forces do not explain; or a step in force that stands out from its
    neighbours'.

    Args:
        scan: the way.
        points: evaluated at its coordinates.

    Returns:
        At most `MOST_SUSPECTS`, the worst first.
    """
    energies_ev, forces = points.energies_ev, points.forces_ev_per_angstrom
    slopes = -(forces * scan.tangent).sum(axis=(1, 2))
    width = np.diff(scan.coordinates)
    unexplained = np.abs(np.diff(energies_ev) - 0.5 * (slopes[1:] + slopes[:-1]) * width)
    bends = np.linalg.norm(np.diff(forces, axis=0), axis=-1).max(axis=1)
    padded = np.pad(bends, 1, mode="edge")
    usual = np.maximum(padded[:-2], padded[2:])
    excess = np.maximum(bends - 1.5 * usual, 0.0)
    weight = unexplained / ENERGY_SCALE_EV + excess / FORCE_SCALE_EV_PER_ANGSTROM
    weight = np.where(np.isfinite(weight), weight, 0.0)
    worst = np.argsort(-weight, kind="stable")[:MOST_SUSPECTS]
    return [
        Interval(
            low=float(scan.coordinates[k]),
            high=float(scan.coordinates[k + 1]),
            energies_ev=energies_ev[k : k + 2],
            forces=forces[k : k + 2],
            slopes=slopes[k : k + 2],
        )
        for k in worst
        if weight[k] > SUSPECT_WEIGHT
    ]


def bisect(
    subject: ProbeSubject, scan: Scan, intervals: list[Interval]
) -> list[tuple[Interval, list[float]]]:
    """Halve every interval down to 1e-6, keeping the half in which more happens.

    Args:
        subject: what to probe.
        scan: the way.
        intervals: suspects.

    Returns:
        Each with its last half, and the unexplained energy after each halving, eV.
    """
    histories: list[list[float]] = [[interval.energy_jump_ev] for interval in intervals]
    widest = max((interval.high - interval.low for interval in intervals), default=0.0)
    rounds = int(np.ceil(np.log2(widest / FINEST_INTERVAL))) if widest > FINEST_INTERVAL else 0
    for _ in range(rounds):
        middles = np.array([0.5 * (interval.low + interval.high) for interval in intervals])
        found = evaluate_each(subject, scan.molecule, scan.place(middles))
        slopes = -(found.forces_ev_per_angstrom * scan.tangent).sum(axis=(1, 2))
        intervals = [
            _worse_half(
                interval, middles[k], found.energies_ev[k], found.forces_ev_per_angstrom[k], slope
            )
            for k, (interval, slope) in enumerate(zip(intervals, slopes, strict=True))
        ]
        for history, interval in zip(histories, intervals, strict=True):
            history.append(interval.energy_jump_ev)
    return list(zip(intervals, histories, strict=True))


def _worse_half(
    interval: Interval, middle: float, energy_ev: float, force: np.ndarray, slope: float
) -> Interval:
    """Give the half of an interval in which more happens."""
    left = replace(
        interval,
        high=float(middle),
        energies_ev=np.array([interval.energies_ev[0], energy_ev]),
        forces=np.stack([interval.forces[0], force]),
        slopes=np.array([interval.slopes[0], slope]),
    )
    right = replace(
        interval,
        low=float(middle),
        energies_ev=np.array([energy_ev, interval.energies_ev[1]]),
        forces=np.stack([force, interval.forces[1]]),
        slopes=np.array([slope, interval.slopes[1]]),
    )
    return left if left.weight >= right.weight else right


def common_distance(distances: list[np.ndarray], *, tolerance_angstrom: float) -> float | None:
    """Find the interatomic distance that most jumps share: the cutoff.

    Args:
        distances: for each jump, all distances that its scan changes, Å.
        tolerance_angstrom: within which two count as one.

    Returns:
        The distance; None where no two jumps share one.
    """
    if len(distances) < 2:
        return None
    candidates = np.concatenate(distances)
    counts = sum(
        (np.abs(candidates[:, None] - here).min(axis=1) <= tolerance_angstrom).astype(int)
        for here in distances
    )
    best = int(np.argmax(counts))
    if counts[best] < 2:
        return None
    near = candidates[np.abs(candidates - candidates[best]) <= tolerance_angstrom]
    return float(np.median(near))
