"""Find jumps along a scan: coarse points, finer ones in suspicious steps, bisection.

Along a smooth curve the differences between neighbouring steps shrink fast with the step; a jump
keeps its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from openmm_mlff.checks.base import Subject
from openmm_mlff.checks.surface.scans import Scan, two_atoms
from openmm_mlff.granularity import local_ulps_ev
from openmm_mlff.units import MEV_PER_EV

FINER = 5  # a suspicious coarse step is divided into this many steps
FINEST_INTERVAL = 1e-6  # width at which bisection ends, in the scan's coordinate
SCALES = np.array([1.0, 50.0])  # jumps of energy, meV, and force, meV/Å, of equal weight
SUSPECT_WEIGHT = 0.2  # a step with more weight is suspicious
MOST_COARSE_SUSPECTS = 24  # of each scan
KEPT_SIZES = np.array([0.2, 10.0])  # meV, meV/Å; jumps below both are not bisected further
GRANULAR_ULPS = 2.0  # a step of up to this many ulps of a float32 energy is granularity, not a jump
SAME_DISTANCE_ANGSTROM = 1e-5  # jumps at distances this close are at one cutoff


class Curve(NamedTuple):
    """P points of a scan, ascending."""

    coordinates: np.ndarray
    energies_ev: np.ndarray
    forces: np.ndarray  # (P, N, 3), eV/Å; all other arrays are (P,)
    slopes: np.ndarray  # dE/ds by the forces, −F·dx/ds
    refused: np.ndarray
    ulps_ev: np.ndarray  # of float32 where the energies are multiples of one, else 0

    def at(self, rows: slice | np.ndarray) -> "Curve":
        """Return the points of these rows."""
        return Curve(*(column[rows] for column in self))

    def replaced(self, rows: np.ndarray, other: "Curve") -> "Curve":
        """Return these points, but those of another curve where `rows`, bool (P,), is true."""
        columns = zip(self, other, strict=True)
        return Curve(*(np.where(rows, new.T, old.T).T for old, new in columns))

    @property
    def finite(self) -> np.ndarray:
        """Where energy and forces are finite, (P,)."""
        return np.isfinite(self.energies_ev) & np.isfinite(self.forces).all(axis=(1, 2))


@dataclass(frozen=True)
class Jump:
    """A jump that bisection to 1e-6 Å did not remove."""

    scan: str  # name of the scan
    kind: str  # of the scan
    coordinate: float  # Å, or a factor where the molecule breathes
    # change of energy that the forces (trapezoidal rule) do not explain; 0 where it is at most two
    # ulps of the energy
    energy_mev: float
    force_mev_per_angstrom: float  # largest change of an atom's force
    # of the two atoms that crossed the cutoff; None where not known
    distance_angstrom: float | None = None
    pair: str = ""  # their elements; empty where not known

    @property
    def at(self) -> str:
        """The pair and its distance, or the scan and its coordinate."""
        if self.distance_angstrom is not None:
            return f"{self.pair} at {self.distance_angstrom:.4f} Å"
        return f"{self.scan} at {self.coordinate:.4f}"


class Found(NamedTuple):
    """Points along a scan, reasons of refusals, and jumps."""

    scan: Scan
    curve: Curve
    reasons: tuple[str, ...]
    jumps: list[Jump]


def find_jumps(subject: Subject, scan: Scan, *, most: int) -> Found:
    """Evaluate coarse points, finer ones beside suspicious steps, and bisect up to `most` steps."""
    curve, reasons = _evaluated(subject, scan, scan.coordinates)
    width = scan.coordinates[1] - scan.coordinates[0]
    starts = _suspects(curve, width=width, most=MOST_COARSE_SUSPECTS)
    if len(starts) == 0:
        return Found(scan, curve, reasons, [])
    # A step is compared with those beside it.
    starts = np.unique(np.clip(starts[:, None] + [-1, 0, 1], 0, len(curve.coordinates) - 2))
    starts = starts[curve.finite[starts] & curve.finite[starts + 1]]
    inner = np.arange(1, FINER) / FINER * width
    fine, more = _evaluated(subject, scan, (curve.coordinates[starts, None] + inner).ravel())
    curve = Curve(*(np.concatenate(columns) for columns in zip(curve, fine, strict=True)))
    curve = curve.at(np.argsort(curve.coordinates, kind="stable"))
    curve = curve._replace(ulps_ev=local_ulps_ev(curve.energies_ev))
    suspects = _suspects(curve, width=width / FINER, most=most)
    jumps = _bisected(subject, scan, curve.at(suspects), curve.at(suspects + 1))
    return Found(scan, curve, (*reasons, *more), jumps)


def _evaluated(subject: Subject, scan: Scan, places: np.ndarray) -> tuple[Curve, tuple[str, ...]]:
    found = subject.evaluate(scan.place(places), molecule=scan.molecule)
    forces, ulps_ev = found.forces_ev_per_angstrom, local_ulps_ev(found.energies_ev)
    slopes = -(forces * scan.tangent).sum(axis=(1, 2))
    curve = Curve(places, found.energies_ev, forces, slopes, found.refused, ulps_ev)
    return curve, found.reasons


def _suspects(curve: Curve, *, width: float, most: int) -> np.ndarray:
    """Return the suspicious steps of one width, the most conspicuous first."""
    usable = curve.finite[1:] & curve.finite[:-1] & (np.diff(curve.coordinates) < 1.5 * width)
    weight, excess = np.zeros((2, len(usable)))
    for run in np.split(np.arange(len(usable) + 1), np.flatnonzero(~usable) + 1):
        if len(run) > 1:
            weight[run[:-1]] = _weights(curve.at(run))
            beside = np.pad(weight[run[:-1]], 2)
            # A jump affects the weights of the next steps, too, but not of those after them.
            excess[run[:-1]] = beside[2:-2] - 1.5 * np.maximum(beside[:-4], beside[4:])
    order = np.argsort(-excess, kind="stable")
    return order[weight[order] > SUSPECT_WEIGHT][:most]


def _largest(forces: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(forces, axis=-1).max(axis=-1))


def _weights(run: Curve) -> np.ndarray:
    """Return the deviation of each of P − 1 equal steps from its neighbours, (P − 1,).

    Of the energy, what is left after subtracting one ulp and ∫s over the step from the slopes at
    four points, h/24 (−s₋₁ + 13 s₀ + 13 s₁ − s₂); of an atom's force, the step less the mean of the
    steps beside it.
    """
    width = run.coordinates[1] - run.coordinates[0]
    bends = np.pad(np.diff(run.slopes), 1, mode="edge")
    mean_slope = 0.5 * (run.slopes[1:] + run.slopes[:-1]) - (bends[2:] - bends[:-2]) / 24.0
    unexplained = np.abs(np.diff(run.energies_ev) - width * mean_slope)
    unexplained = np.maximum(unexplained - np.maximum(run.ulps_ev[1:], run.ulps_ev[:-1]), 0.0)
    steps = np.pad(np.diff(run.forces, axis=0), ((1, 1), (0, 0), (0, 0)), mode="edge")
    kinks = _largest(steps[1:-1] - 0.5 * (steps[:-2] + steps[2:]))
    return MEV_PER_EV * np.asarray(unexplained / SCALES[0] + kinks / SCALES[1])


def _bisected(subject: Subject, scan: Scan, low: Curve, high: Curve) -> list[Jump]:
    """Halve the intervals from `low` to `high` while they contain a jump and nothing is refused."""
    jumps: list[Jump] = []
    while len(low.coordinates):
        middle, _ = _evaluated(subject, scan, 0.5 * (low.coordinates + high.coordinates))
        middle = middle._replace(ulps_ev=low.ulps_ev)
        lower, upper = _sizes(low, middle), _sizes(middle, high)
        is_upper = (upper / SCALES).sum(axis=1) > (lower / SCALES).sum(axis=1)
        sizes = np.where(is_upper[:, None], upper, lower)
        low, high = low.replaced(is_upper, middle), high.replaced(~is_upper, middle)
        kept = middle.finite & (sizes > KEPT_SIZES).any(axis=1)
        done = kept & (high.coordinates - low.coordinates <= FINEST_INTERVAL)
        places = 0.5 * (low.coordinates + high.coordinates)
        jumps += [
            Jump(scan.name, scan.kind, float(places[k]), *sizes[k].tolist())
            for k in np.flatnonzero(done)
        ]
        low, high = low.at(kept & ~done), high.at(kept & ~done)
    return jumps


def _sizes(low: Curve, high: Curve) -> np.ndarray:
    """Return jumps of energy, meV, and force, meV/Å, between K points and K others, (K, 2)."""
    expected_ev = 0.5 * (low.slopes + high.slopes) * (high.coordinates - low.coordinates)
    unexplained_ev = np.abs(high.energies_ev - low.energies_ev - expected_ev)
    is_granular = unexplained_ev <= GRANULAR_ULPS * np.maximum(low.ulps_ev, high.ulps_ev)
    energies_ev = np.where(is_granular, 0.0, unexplained_ev)
    return MEV_PER_EV * np.stack([energies_ev, _largest(high.forces - low.forces)], axis=1)


def with_pairs(found: Sequence[Found]) -> tuple[Jump, ...]:
    """Return jumps with the pair and distance that crossed the cutoff, the largest energy first.

    The cutoff is the distance that most jumps share; without one, only that of two atoms is known.
    """
    jumps = [(one.scan, jump) for one in found for jump in one.jumps]
    distances = [scan.distances(jump.coordinate) for scan, jump in jumps]
    candidates = np.concatenate([[], *distances])
    counts = np.zeros(len(candidates))
    for here in map(np.sort, distances):
        closest = here[np.searchsorted(0.5 * (here[1:] + here[:-1]), candidates)]
        counts += np.abs(closest - candidates) <= SAME_DISTANCE_ANGSTROM
    cutoff = candidates[np.argmax(counts)] if counts.max(initial=0) > 1 else math.nan
    named = []
    for (scan, jump), here in zip(jumps, distances, strict=True):
        nearest = int(np.argmin(np.abs(here - cutoff)))
        if abs(here[nearest] - cutoff) <= SAME_DISTANCE_ANGSTROM or len(here) == 1:
            pair = two_atoms(scan.molecule.atomic_numbers[scan.crossing[nearest]]).name
            jump = replace(jump, distance_angstrom=float(here[nearest]), pair=pair)
        named.append(jump)
    return tuple(sorted(named, key=lambda jump: -jump.energy_mev))
