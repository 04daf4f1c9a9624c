"""A molecule with exact forces and an energy rounded to float32."""

import numpy as np

from openmm_mlff.selftest.oracles.bonded import BondedOracle
from openmm_mlff.selftest.oracles.surface import Cell, Surface

TOTAL_EV = -10_000.0
"""Sum of atomic energies, as of a molecule with eight heavy atoms; one ulp is 2⁻¹⁰ eV."""

STAIR_EV = 2.0**-10


class StaircaseOracle(BondedOracle):
    """:class:`BondedOracle` whose energy is rounded to float32 after adding −10 000 eV."""

    kind = "staircase"

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`; the cell is ignored."""
        return in_float32(super().surface(atomic_numbers), TOTAL_EV)


def in_float32(surface: Surface, total_ev: float) -> Surface:
    """Return a surface whose energy is rounded to float32 after adding a constant."""

    def rounded(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        return (energies + total_ev).astype(np.float32).astype(float), forces

    return rounded
