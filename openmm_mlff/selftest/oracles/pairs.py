"""Pair sums, their radial functions, and the pairs of a molecule or a box."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from openmm_mlff.molecules import MolecularSystem

Radial = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Function from distances (G, P), Å, to energies, eV, and slopes, eV/Å, of pairs, (G, P) each."""


class PairSurface:
    """E(x) = Σ_p V_p(d_p) over a list of pairs, for all geometries at once.

    Forces are the negative gradient: F_i = −Σ_p V_p'(d_p) ∂d_p/∂x_i.

    Args:
        n_atoms: N.
        pairs: int (P, 2).
        radial: with parameters, if any, of length P.
        cell_angstrom: (3, 3), rows; None without a box.
        images: int (P, 3), relative to the nearest image by fractional coordinates; None for the
            nearest.
    """

    def __init__(
        self,
        n_atoms: int,
        pairs: np.ndarray,
        radial: Radial,
        *,
        cell_angstrom: np.ndarray | None = None,
        images: np.ndarray | None = None,
    ) -> None:
        self.radial = radial
        self.first, self.second = np.asarray(pairs, dtype=int).reshape(-1, 2).T
        size = len(self.first)
        ends = np.concatenate([self.first, self.second]), np.tile(np.arange(size), 2)
        self._incidence = csr_matrix((np.repeat([1.0, -1.0], size), ends), (n_atoms, size))
        self._cell = cell_angstrom
        if cell_angstrom is not None:
            self._inverse = np.linalg.inv(cell_angstrom)
            self._shifts = 0.0 if images is None else images @ cell_angstrom

    def __call__(self, positions_angstrom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies (G,) in eV and forces (G, N, 3) in eV/Å at positions (G, N, 3)."""
        vectors = self.vectors(positions_angstrom)
        distances = self.distances(positions_angstrom, vectors)
        energies, slopes = self.radial(distances)
        # Coincident atoms have no direction; the resulting NaN is detected.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            tensions = vectors * (slopes / distances)[..., None]
        return energies.sum(-1), -np.stack([self._incidence @ each for each in tensions])

    def virial(self, positions_angstrom: np.ndarray) -> np.ndarray:
        """Return dE/dε at a strain r → r (1 + ε) of the box, Σ_p V_p' d⊗d/d, (G, 3, 3), eV."""
        vectors = self.vectors(positions_angstrom)
        distances = self.distances(positions_angstrom, vectors)
        tensions = vectors * (self.radial(distances)[1] / distances)[..., None]
        return np.asarray(np.einsum("gpa,gpb->gab", vectors, tensions))

    def vectors(self, positions_angstrom: np.ndarray) -> np.ndarray:
        """Return the vectors from the second to the first atom of each pair, (G, P, 3), Å."""
        vectors = np.asarray(positions_angstrom[:, self.first] - positions_angstrom[:, self.second])
        if self._cell is None:
            return vectors
        return np.asarray(vectors - np.round(vectors @ self._inverse) @ self._cell + self._shifts)

    def distances(self, positions_angstrom: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Return the distances of the pairs, (G, P), Å, from their :meth:`vectors`."""
        return np.sqrt((vectors * vectors).sum(-1))


def pairs_with_images(
    n_atoms: int, cell_angstrom: np.ndarray, *, cutoff_angstrom: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs within a cutoff in a periodic box, int (P, 2), and their images, int (P, 3).

    The images are relative to the nearest image by fractional coordinates.  Each atom is paired
    with half of its own images.  The cell, (3, 3), consists of rows.
    """
    # Columns of the inverse are normal to the faces, with the inverse box widths as lengths.
    reach = cutoff_angstrom * np.linalg.norm(np.linalg.inv(cell_angstrom), axis=0)
    ranges = [np.arange(-most, most + 1) for most in np.floor(reach + 0.5).astype(int)]
    images = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    pairs = every_pair(n_atoms)
    # In this order the second half is the inversion of the first.
    own = images[len(images) // 2 + 1 :]
    alone = np.repeat(np.arange(n_atoms), len(own))
    return (
        np.concatenate([np.repeat(pairs, len(images), axis=0), np.stack([alone, alone], axis=1)]),
        np.concatenate([np.tile(images, (len(pairs), 1)), np.tile(own, (n_atoms, 1))]),
    )


def every_pair(n_atoms: int) -> np.ndarray:
    """Return the pairs (i, j), i < j, of N atoms, int (N(N−1)/2, 2)."""
    return np.stack(np.triu_indices(n_atoms, k=1), axis=1)


def bonds_between(molecule: MolecularSystem) -> np.ndarray:
    """Return the number of bonds on the shortest path between two atoms, (N, N); ∞ if none."""
    bonds = np.array(molecule.bonds, dtype=int).reshape(-1, 2)
    size = molecule.n_atoms
    graph = csr_matrix((np.ones(len(bonds)), (bonds[:, 0], bonds[:, 1])), (size, size))
    return np.asarray(shortest_path(graph, directed=False, unweighted=True))


def pairs_apart(molecule: MolecularSystem, *, bonds: int) -> np.ndarray:
    """Return the pairs (i, j), i < j, with a number of bonds between them, int (P, 2), sorted."""
    return np.argwhere(np.triu(bonds_between(molecule) == bonds))


def in_groups(*groups: tuple[int, "Radial | Morse | Spring"]) -> Radial:
    """Return the function of pairs in consecutive groups, each of a number and its own function."""
    ends = np.cumsum([count for count, _ in groups])[:-1]
    functions = [function for _, function in groups]

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = zip(functions, np.split(distances, ends, axis=-1), strict=True)
        energies, slopes = zip(*(function(part) for function, part in parts), strict=True)
        return np.concatenate(energies, axis=-1), np.concatenate(slopes, axis=-1)

    return radial


class Morse(NamedTuple):
    """V(d) = D [(1 − e^{−a(d−r)})² − 1]: −D at d = r, zero at infinity.

    Attributes:
        depth_ev: D, (P,) or scalar.
        decay_per_angstrom: a.
        length_angstrom: r.
    """

    depth_ev: np.ndarray | float
    decay_per_angstrom: np.ndarray | float
    length_angstrom: np.ndarray | float

    def __call__(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies and slopes at distances (G, P)."""
        fall = np.exp(self.decay_per_angstrom * (self.length_angstrom - distances))
        energies = self.depth_ev * fall * (fall - 2.0)
        slopes = 2.0 * self.depth_ev * self.decay_per_angstrom * fall * (1.0 - fall)
        return energies, slopes


class Spring(NamedTuple):
    """V(d) = ½ k (d − r)², with k in eV/Å² and r in Å, (P,) each."""

    constant: np.ndarray
    length_angstrom: np.ndarray

    def __call__(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies and slopes at distances (G, P)."""
        stretch = distances - self.length_angstrom
        return 0.5 * self.constant * stretch * stretch, self.constant * stretch


@dataclass(frozen=True)
class Exponential:
    """V(d) = h e^{−d/l}, with h in eV and l in Å."""

    height_ev: np.ndarray | float
    length_angstrom: float

    def __call__(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies and slopes at distances (G, P)."""
        energies = self.height_ev * np.exp(-distances / self.length_angstrom)
        return energies, -energies / self.length_angstrom


@dataclass(frozen=True)
class Gaussian:
    """V(d) = h e^{−(d−c)²/2σ²}, with h in eV, c and σ in Å."""

    height_ev: float
    centre_angstrom: float
    sigma_angstrom: float

    def __call__(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies and slopes at distances (G, P)."""
        x = (distances - self.centre_angstrom) / self.sigma_angstrom
        energies = self.height_ev * np.exp(-0.5 * x * x)
        return energies, -energies * x / self.sigma_angstrom


def smooth_switch(
    distances: np.ndarray, *, start_angstrom: float, end_angstrom: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a C² switch from 1 to 0, 1 − 10 x³ + 15 x⁴ − 6 x⁵, and its slope, 1/Å."""
    width = end_angstrom - start_angstrom
    x = np.clip((distances - start_angstrom) / width, 0.0, 1.0)
    return 1.0 + x**3 * (-10.0 + x * (15.0 - 6.0 * x)), -30.0 * (x * (1.0 - x)) ** 2 / width
