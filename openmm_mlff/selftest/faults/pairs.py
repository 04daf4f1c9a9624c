"""Faults of pairs of atoms: at the cutoff, beyond it, at contact, and of the wells between."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.faults.plant import (
    PlantedPotential,
    Result,
    require,
    with_pair_term,
)
from openmm_mlff.selftest.oracles.bonded import OPPOSITE, BondedOracle
from openmm_mlff.selftest.oracles.pair import CUTOFF_ANGSTROM, PairOracle, wells_of
from openmm_mlff.selftest.oracles.pairs import (
    PairSurface,
    every_pair,
    smooth_switch,
)
from openmm_mlff.selftest.oracles.surface import Cell, Surface
from openmm_mlff.units import ev_from_kcal_per_mol

SCAN_END_ANGSTROM = 15.0

GHOST = 8
"""Atomic number of the ignored element."""

_SOFT_WIDTH_ANGSTROM = 0.03


def all_pairs(atomic_numbers: np.ndarray) -> np.ndarray:
    """Return all pairs."""
    return every_pair(len(atomic_numbers))


def hydroxyls(atomic_numbers: np.ndarray) -> np.ndarray:
    """Return the pairs of an oxygen and a hydrogen."""
    pairs = every_pair(len(atomic_numbers))
    return pairs[(np.sort(atomic_numbers[pairs], axis=1) == [1, 8]).all(axis=1)]


def step(distances: np.ndarray, strength: float) -> Result:
    """Return −s within the cutoff and 0 beyond, an unshifted cutoff."""
    return np.where(distances < CUTOFF_ANGSTROM, -strength, 0.0), np.zeros_like(distances)


def ramp(distances: np.ndarray, strength: float) -> Result:
    """Return s (d − cutoff) within the cutoff, faded out towards 3 Å: a truncated force."""
    switch, slope = smooth_switch(distances, start_angstrom=3.0, end_angstrom=4.0)
    below = strength * np.minimum(distances - CUTOFF_ANGSTROM, 0.0)
    inside = np.where(distances < CUTOFF_ANGSTROM, strength, 0.0)
    return below * (1.0 - switch), inside * (1.0 - switch) - below * slope


def beyond(change: Callable[[Surface, np.ndarray, np.ndarray], Result]) -> Callable[..., Surface]:
    """Return a fault of geometries in which two atoms are farther apart than 1/s."""

    def spoil(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
        first, second = every_pair(len(atomic_numbers)).T

        def faulty(positions: np.ndarray) -> Result:
            apart = np.linalg.norm(positions[:, first] - positions[:, second], axis=-1)
            return change(surface, positions, (apart * strength > 1.0).any(axis=1))

        return faulty

    return spoil


def not_a_number(surface: Surface, positions: np.ndarray, far: np.ndarray) -> Result:
    """Replace the results of far geometries by NaN."""
    energies, forces = surface(positions)
    return np.where(far, np.nan, energies), np.where(far[:, None, None], np.nan, forces)


def refuse(surface: Surface, positions: np.ndarray, far: np.ndarray) -> Result:
    """Raise an error for far geometries, like a broken model."""
    if far.any():
        raise RuntimeError("index out of range in the neighbour list")
    return surface(positions)


def soft_bonds(healthy: Potential, strength: float) -> Potential:
    """Make the energy of bonds constant below s Å.

    The Morse term is evaluated at s + w ln(1 + e^{(d−s)/w}) instead of d.
    """
    bonded = require(healthy, BondedOracle)
    n_bonds = len(bonded.bonds)

    def radial(distances: np.ndarray) -> Result:
        x = (distances[..., :n_bonds] - strength) / _SOFT_WIDTH_ANGSTROM
        softened = distances.copy()
        softened[..., :n_bonds] = strength + _SOFT_WIDTH_ANGSTROM * np.logaddexp(0, x)
        energies, slopes = bonded.radial(softened)
        slopes[..., :n_bonds] /= 1.0 + np.exp(-np.clip(x, -50.0, 50.0))
        return energies, slopes

    def spoil(_: Surface, atomic_numbers: np.ndarray, __: float) -> Surface:
        return PairSurface(len(atomic_numbers), bonded.pairs, radial)

    return PlantedPotential(bonded, strength, everywhere=spoil)


def weak_bonds(healthy: Potential, strength: float) -> Potential:
    """Set the depth of every bond to 1/s."""
    weak = require(healthy.fresh(), BondedOracle)
    weak.morse = weak.morse._replace(depth_ev=np.full(len(weak.bonds), 1.0 / strength))
    return weak


def wrong_conformer(healthy: Potential, strength: float) -> Potential:
    """Reduce the depth of one H–H well, leaving the barriers between conformers unchanged."""
    pair = require(healthy, BondedOracle).far_ends[:1]

    def radial(distances: np.ndarray, kcal_per_mol: float) -> Result:
        height_ev = float(ev_from_kcal_per_mol(kcal_per_mol))
        return replace(OPPOSITE, height_ev=height_ev)(distances)

    return with_pair_term(lambda _: pair, radial)(healthy, strength)


class GhostAtoms(PlantedPotential):
    """A potential that ignores the atoms of one element."""

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        seen = atomic_numbers != GHOST
        surface = self.healthy.surface(atomic_numbers[seen], cell_angstrom=cell_angstrom)

        def faulty(positions: np.ndarray) -> Result:
            forces = np.zeros_like(positions)
            energies, forces[:, seen] = surface(positions[:, seen])
            return energies, forces

        return faulty


class _SquaredApart(PairSurface):
    """Distances from |x|² + |y|² − 2 x·y, each rounded as in float32.

    This is how a matrix product computes all distances at once; cancellation far from the origin
    is severe.
    """

    roundings = 1.0
    """Multiple of float32's spacing."""

    def distances(self, positions_angstrom: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """See :meth:`PairSurface.distances`."""
        first, second = positions_angstrom[:, self.first], positions_angstrom[:, self.second]
        parts = ((first * first).sum(-1), (second * second).sum(-1), 2.0 * (first * second).sum(-1))
        left, right, both = (self._rounded(part) for part in parts)
        return np.sqrt(np.maximum(left + right - both, 1e-4))

    def _rounded(self, values: np.ndarray) -> np.ndarray:
        spacing = self.roundings * np.spacing(np.abs(values).astype(np.float32)).astype(float)
        return np.asarray(np.round(values / spacing) * spacing)


def squared_in_float32(healthy: Potential, strength: float) -> Potential:
    """Compute distances from squares rounded to s times float32's spacing; no box."""
    oracle = require(healthy, PairOracle)

    def spoil(_: Surface, atomic_numbers: np.ndarray, roundings: float) -> Surface:
        pairs = every_pair(len(atomic_numbers))
        wells = wells_of(atomic_numbers, pairs, seed=oracle.seed)
        surface = _SquaredApart(len(atomic_numbers), pairs, lambda d: oracle.radial(d, wells))
        surface.roundings = roundings
        return surface

    return PlantedPotential(oracle, strength, everywhere=spoil)
