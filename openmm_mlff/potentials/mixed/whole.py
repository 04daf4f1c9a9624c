"""Molecules whole again, after their atoms were put into the box one by one."""

import numpy as np
import numpy.typing as npt
from openmm import app

FloatArray = npt.NDArray[np.float64]


class WholeMolecules:
    """Follows the bonds of a topology, from the first atom of each molecule outwards.

    OpenMM takes bonded terms, constraints and the ML part at the coordinates that it is given, not
    at the nearest image: a molecule on two sides of the box would be torn.  Dynamics never puts it
    there; a file or a probe may.

    Args:
        topology: its bonds.
    """

    def __init__(self, topology: app.Topology) -> None:
        neighbours: list[list[int]] = [[] for _ in range(topology.getNumAtoms())]
        for first, second in topology.bonds():
            neighbours[first.index].append(second.index)
            neighbours[second.index].append(first.index)
        self._levels = _levels(neighbours)

    def placed(self, positions_angstrom: FloatArray, *, cell_angstrom: FloatArray) -> FloatArray:
        """Move atoms by whole box vectors, so that each bond is as short as it can be.

        Args:
            positions_angstrom: (N, 3), Å.
            cell_angstrom: (3, 3), Å, rows.

        Returns:
            (N, 3), Å; where molecules are whole already, what was given, to the last bit.
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
    """Give pairs (nearer, farther) of bonded atoms, level by level away from the first atoms."""
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
