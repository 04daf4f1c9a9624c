"""A pair potential with a smooth cutoff for any molecule or box."""

import numpy as np

from openmm_mlff.selftest.oracles.pairs import (
    Gaussian,
    Morse,
    PairSurface,
    Radial,
    every_pair,
    pairs_with_images,
    smooth_switch,
)
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfacePotential

CUTOFF_ANGSTROM = 5.0
SWITCH_START_ANGSTROM = 3.0

WELLS = {
    (1, 1): Morse(0.5, 2.0, 1.6),
    (1, 6): Morse(4.5, 1.9, 1.09),
    (1, 8): Morse(4.8, 2.2, 0.96),
    (18, 18): Morse(0.0103, 1.6, 3.82),
}
"""By elements.  The H–H minimum is at the distance of two hydrogens bonded to the same atom, so
that water is bent and methane tetrahedral without angle terms."""

OTHER_DEPTH_EV = 3.0
OTHER_DECAY_PER_ANGSTROM = 1.9
"""Of all other pairs, with minima at the sum of covalent radii."""

VARIATION = 0.03
"""Relative standard deviation of each parameter between seeds."""

_LARGEST_ATOMIC_NUMBER = 118


class PairOracle(SurfacePotential):
    """A Morse well for each pair of elements, switched off (C²) between 3 and 5 Å.

    E = Σ_{i<j} u(d) D[(1 − e^{−a(d−r)})² − 1].  The repulsion at contact is 50 eV or more.  The
    seed varies the parameters by a few per cent.
    """

    kind = "pair"

    def __init__(self, *, seed: int) -> None:
        super().__init__(name=self.kind, seed=seed)
        self.elements = frozenset(range(1, _LARGEST_ATOMIC_NUMBER + 1))

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        n_atoms, images = len(atomic_numbers), None
        pairs = every_pair(n_atoms)
        if cell_angstrom is not None:
            pairs, images = pairs_with_images(
                n_atoms, cell_angstrom, cutoff_angstrom=CUTOFF_ANGSTROM
            )
        wells = wells_of(atomic_numbers, pairs, seed=self.seed)
        return PairSurface(
            n_atoms,
            pairs,
            lambda distances: self.radial(distances, wells),
            cell_angstrom=cell_angstrom,
            images=images,
        )

    def radial(self, distances: np.ndarray, wells: Morse) -> tuple[np.ndarray, np.ndarray]:
        """Return energies in eV and slopes in eV/Å of all pairs, (G, P) each."""
        return switched(distances, wells)


HOLE = Gaussian(-200.0, 0.3, 0.03)


class WalledHoleOracle(PairOracle):
    """PairOracle with a hole at 0.3 Å, unreachable behind a barrier of about 20 eV."""

    kind = "walled-hole"

    def radial(self, distances: np.ndarray, wells: Morse) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`PairOracle.radial`."""
        energies, slopes = super().radial(distances, wells)
        hole_energies, hole_slopes = HOLE(distances)
        return energies + hole_energies, slopes + hole_slopes


def switched(distances: np.ndarray, radial: Radial | Morse) -> tuple[np.ndarray, np.ndarray]:
    """Return energies, eV, and slopes, eV/Å, of a term switched off between 3 and 5 Å, (G, P)."""
    energies, slopes = radial(distances)
    switch, switch_slope = smooth_switch(
        distances, start_angstrom=SWITCH_START_ANGSTROM, end_angstrom=CUTOFF_ANGSTROM
    )
    return energies * switch, slopes * switch + energies * switch_slope


def wells_of(atomic_numbers: np.ndarray, pairs: np.ndarray, *, seed: int) -> Morse:
    """Return the well parameters, (P,) each, of pairs (P, 2) of atoms with numbers (N,)."""
    elements = np.sort(atomic_numbers[pairs], axis=1)
    keys = [(int(low), int(high)) for low, high in elements]
    wells = {key: np.array(_well(key)) * _variation(key, seed) for key in set(keys)}
    rows = np.array([wells[key] for key in keys]).reshape(-1, 3)
    return Morse(*rows.T)


def _well(key: tuple[int, int]) -> Morse:
    from ase.data import covalent_radii

    length = float(covalent_radii[list(key)].sum())
    return WELLS.get(key, Morse(OTHER_DEPTH_EV, OTHER_DECAY_PER_ANGSTROM, length))


def _variation(key: tuple[int, int], seed: int) -> np.ndarray:
    """Return the factors for one pair of elements, independent of other elements."""
    return 1.0 + VARIATION * np.random.default_rng([seed, *key]).normal(size=3)
