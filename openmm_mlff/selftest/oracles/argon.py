"""Lennard-Jones argon with a smooth cutoff, for boxes of any size and shape."""

import numpy as np
import torch
from vesin_torch import NeighborList

from openmm_mlff.selftest.oracles.pairs import smooth_switch
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfacePotential, each_in_turn

EPSILON_EV, SIGMA_ANGSTROM = 0.0103, 3.405
SWITCH_START_ANGSTROM, CUTOFF_ANGSTROM = 6.0, 8.0
ARGON = 18


class ArgonOracle(SurfacePotential):
    """A. Rahman, Phys. Rev. 136 (1964) A405, switched off (C²) between 6 and 8 Å.

    The seed varies the depth by about a per cent.
    """

    kind = "argon"

    def __init__(self, *, seed: int) -> None:
        super().__init__(name=self.kind, seed=seed)
        self.elements = frozenset([ARGON])
        self.epsilon_ev = EPSILON_EV * (1.0 + 0.01 * np.random.default_rng(seed).normal())
        self._list = NeighborList(cutoff=CUTOFF_ANGSTROM, full_list=False)

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        periodic = cell_angstrom is not None
        box = torch.from_numpy(np.array(cell_angstrom) if periodic else np.zeros((3, 3)))

        def one(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            first, second, vectors = (
                found.numpy()
                for found in self._list.compute(
                    torch.tensor(positions[0]), box, periodic=periodic, quantities="ijD"
                )
            )
            distances = np.linalg.norm(vectors, axis=1)
            energies, slopes = self.radial(distances)
            switch, fall = smooth_switch(
                distances, start_angstrom=SWITCH_START_ANGSTROM, end_angstrom=CUTOFF_ANGSTROM
            )
            tensions = vectors * ((slopes * switch + energies * fall) / distances)[:, None]
            count = positions.shape[1]
            forces = [
                np.bincount(first, pull, count) - np.bincount(second, pull, count)
                for pull in tensions.T
            ]
            return np.array([(energies * switch).sum()]), np.stack(forces, axis=1)[None]

        return each_in_turn(one)

    def radial(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies in eV and slopes in eV/Å of pairs at distances (P,)."""
        attraction = (SIGMA_ANGSTROM / distances) ** 6
        energies = 4.0 * self.epsilon_ev * attraction * (attraction - 1.0)
        slopes = -24.0 * self.epsilon_ev * attraction * (2.0 * attraction - 1.0) / distances
        return energies, slopes
