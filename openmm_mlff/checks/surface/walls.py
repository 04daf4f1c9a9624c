"""The energy barrier between two atoms that approach each other, and a hole behind it."""

import math
from dataclasses import dataclass

import numpy as np

SHORTEST_ANGSTROM = 0.3  # atoms are pushed together up to here
HOLE_EV = 0.1  # depth from which a well is a hole: 4 kT at 300 K, less does not hold two atoms
HELD_EV = 1.0  # a dip that stays higher is a strained bond, where no pair remains: 40 kT at 300 K
SHORTEST_BOND_RATIO = 0.6  # of the covalent sum; a closer first well is a hole, not a bond


@dataclass(frozen=True)
class Wall:
    """The energy barrier of one pair of elements."""

    pair: str
    # highest energy before any hole, above the lowest energy outside the sum of the covalent radii;
    # NaN where that is not known
    height_ev: float
    lowest_angstrom: float  # distance of that lowest energy
    hole_ev: float  # depth of the hole below the barrier; 0 where there is none
    hole_angstrom: float  # distance at the bottom of the hole; NaN where there is none
    ends_angstrom: float  # the shortest distance up to which the energy is known
    is_refused: bool  # whether it ends there because the potential refused to answer

    def is_low(self, needed_ev: float) -> bool:
        """Return whether the height needed was not reached, although no hole was met."""
        return self.hole_ev == 0.0 and not self.height_ev >= needed_ev


def find_wall(
    pair: str, distances: np.ndarray, energies: np.ndarray, refused: np.ndarray, covalent_sum: float
) -> Wall:
    """Return the wall of one pair from distances, Å, ascending, energies, eV, and refusals, (P,).

    Refused points are left out.
    """
    distances, energies = distances[~refused][::-1], energies[~refused][::-1]
    lost = ~np.isfinite(energies)
    known = int(np.argmax(lost)) if lost.any() else len(energies)
    outside = int(np.sum(distances[:known] > covalent_sum - 1e-6))
    if outside == 0:
        return Wall(pair, math.nan, math.nan, 0.0, math.nan, math.nan, is_refused=not lost.any())
    lowest = int(np.argmin(energies[:outside]))
    way, places = energies[lowest:known] - energies[lowest], distances[lowest:known]
    height, bottom = _barrier(way, near=places >= SHORTEST_BOND_RATIO * covalent_sum)
    return Wall(
        pair=pair,
        height_ev=height,
        lowest_angstrom=float(distances[lowest]),
        hole_ev=0.0 if bottom is None else float(height - way[bottom]),
        hole_angstrom=math.nan if bottom is None else float(places[bottom]),
        ends_angstrom=float(places[-1]),
        is_refused=bool(refused[0]) and not lost.any(),
    )


def _barrier(way_ev: np.ndarray, *, near: np.ndarray) -> tuple[float, int | None]:
    """Return the barrier before any hole, and the index of the hole's bottom; None for no hole.

    `way_ev` goes from outside, 0, to inside.  A first well is a bond where `near`, else a hole; a
    later one is a hole where it is lower than `HELD_EV`.
    """
    rises = way_ev - np.minimum.accumulate(way_ev) > HOLE_EV
    start = int(np.argmax(rises)) if rises.any() else len(way_ev) - 1
    well = int(np.argmin(way_ev[: start + 1]))
    if way_ev[well] < -HOLE_EV and not near[well]:
        return 0.0, int(np.argmin(way_ev))
    highest = np.maximum.accumulate(way_ev[start:])
    fallen = (highest - way_ev[start:] > HOLE_EV) & (way_ev[start:] < HELD_EV)
    if not fallen.any():
        return float(max(0.0, highest[-1])), None
    first = int(np.argmax(fallen))
    bottom = start + first + int(np.argmin(way_ev[start + first :]))
    return float(max(0.0, highest[first])), bottom
