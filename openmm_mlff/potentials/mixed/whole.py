"""Make molecules whole whose atoms were wrapped into the box individually."""

import numpy as np
import numpy.typing as npt
from openmm import app

FloatArray = npt.NDArray[np.float64]


class WholeMolecules:
    """Traverses the bonds of a topology, starting from the first atom of each molecule.

    OpenMM evaluates bonded terms, constraints and the ML part with the coordinates it receives, not
    the nearest images, so a molecule on two sides of the box would be split. Dynamics never
    produces such coordinates, but a file or a test may.
    """

    def __init__(self, topology: app.Topology) -> None:
        neighbours: list[list[int]] = [[] for _ in range(topology.getNumAtoms())]
        for first, second in topology.bonds():
            neighbours[first.index].append(second.index)
            neighbours[second.index].append(first.index)
        self._levels = _levels(neighbours)

    def placed(self, positions_angstrom: FloatArray, *, cell_angstrom: FloatArray) -> FloatArray:
        """Move atoms by whole box vectors so that each bond is as short as possible; (N, 3), Å.

        Positions of whole molecules are returned unchanged, bit for bit. The cell is (3, 3), rows.
        """
        positions = np.array(positions_angstrom, dtype=np.float64)
        inverse = np.linalg.inv(cell_angstrom)
        for inner, outer in self._levels:
            arms = positions[outer] - positions[inner]
            positions[outer] -= np.round(arms @ inverse) @ cell_angstrom
        return positions


def _levels(
    neighbours: list[list[int]],
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return pairs (nearer, farther) of bonded atoms, by distance from the first atoms."""
    depth = [-1] * len(neighbours)
    pairs: list[list[tuple[int, int]]] = []
    for root in range(len(neighbours)):
        if depth[root] >= 0:
            continue
        depth[root] = 0
        queue = [root]
        for inner in queue:
            for outer in neighbours[inner]:
                if depth[outer] < 0:
                    depth[outer] = depth[inner] + 1
                    if len(pairs) < depth[outer]:
                        pairs.append([])
                    pairs[depth[outer] - 1].append((inner, outer))
                    queue.append(outer)
    listed = [np.array(level, dtype=np.int64) for level in pairs]
    return [(level[:, 0], level[:, 1]) for level in listed]
