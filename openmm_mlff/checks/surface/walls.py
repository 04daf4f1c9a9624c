"""The barrier that two atoms meet on their way in, and the hole that may be behind it."""

from dataclasses import dataclass

import numpy as np

SHORTEST_ANGSTROM = 0.3
"""Atoms are pushed together up to here."""

HOLE_EV = 0.1
"""The energy falls at least this much into a hole: 4 kT at 300 K, less does not hold two atoms."""

SHORTEST_BOND_RATIO = 0.6
"""A first well at this many sums of the covalent radii, or more, is a bond (a triple one: 0.78)."""


@dataclass(frozen=True)
class Wall:
    """The energy of one pair of elements on the way in.

    Attributes:
        pair: its name.
        height_ev: barrier met before any hole, or at all where there is none, above the lowest
            energy outside the sum of the covalent radii; NaN where that is not known.
        lowest_angstrom: where that lowest energy is.
        hole_ev: deepest fall behind the barrier; 0 where there is no hole.
        hole_angstrom: where the deepest fall ends; NaN where there is no hole.
        ends_angstrom: the shortest distance up to which the energy is known.
        is_refused: whether it ends there because the potential refused to answer.
    """

    pair: str
    height_ev: float
    lowest_angstrom: float
    hole_ev: float
    hole_angstrom: float
    ends_angstrom: float
    is_refused: bool

    def measured_ev(self, *, needed_ev: float) -> float:
        """Return the height; NaN where it is too low and the energy ends in what is no number."""
        ends = self.ends_angstrom > 1.01 * SHORTEST_ANGSTROM and not self.is_refused
        lost = ends and self.hole_ev == 0.0 and self.height_ev < needed_ev
        return float("nan") if lost else self.height_ev


def find_wall(
    pair: str,
    distances_angstrom: np.ndarray,
    energies_ev: np.ndarray,
    *,
    refused: np.ndarray,
    covalent_sum_angstrom: float,
) -> Wall:
    """Measure the wall of one pair.

    Args:
        pair: its name.
        distances_angstrom: (P,), ascending.
        energies_ev: (P,).
        refused: bool (P,); refused points between others are passed over.
        covalent_sum_angstrom: of the two atoms.

    Returns:
        The wall.
    """
    nothing = float("nan")
    distances, energies = distances_angstrom[~refused][::-1], energies_ev[~refused][::-1]
    lost = ~np.isfinite(energies)
    known = int(np.argmax(lost)) if lost.any() else len(energies)
    outside = int(np.sum(distances[:known] > covalent_sum_angstrom - 1e-6))
    if outside == 0:
        return Wall(pair, nothing, nothing, 0.0, nothing, nothing, is_refused=not lost.any())
    lowest = int(np.argmin(energies[:outside]))
    way, places = energies[lowest:known] - energies[lowest], distances[lowest:known]
    near = places >= SHORTEST_BOND_RATIO * covalent_sum_angstrom
    height, deepest = _barrier(way, near=near)
    return Wall(
        pair=pair,
        height_ev=height,
        lowest_angstrom=float(distances[lowest]),
        hole_ev=0.0 if deepest is None else float(height - way[deepest]),
        hole_angstrom=nothing if deepest is None else float(places[deepest]),
        ends_angstrom=float(places[-1]),
        is_refused=bool(refused[0]) and not lost.any(),
    )


def _barrier(way_ev: np.ndarray, *, near: np.ndarray) -> tuple[float, int | None]:
    """Return the barrier before any hole, and the lowest point behind it; None for no hole.

    Args:
        way_ev: energies on the way in, (P,), the first of which is 0.
        near: where a first well is a bond, (P,); further in it is a hole without a barrier.
    """
    rises = way_ev - np.minimum.accumulate(way_ev) > HOLE_EV
    start = int(np.argmax(rises)) if rises.any() else len(way_ev) - 1
    bottom = int(np.argmin(way_ev[: start + 1]))
    if way_ev[bottom] < -HOLE_EV and not near[bottom]:
        return 0.0, int(np.argmin(way_ev))
    highest = np.maximum.accumulate(way_ev[start:])
    fallen = highest - way_ev[start:] > HOLE_EV
    if not fallen.any():
        return float(max(0.0, highest[-1])), None
    first = int(np.argmax(fallen))
    inner = start + first
    return float(max(0.0, highest[first])), inner + int(np.argmin(way_ev[inner:]))
