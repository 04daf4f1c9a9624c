"""A molecule whose forces are exact and whose energy is a staircase: added up in float32."""

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.selftest.oracles.bonded import BondedOracle
from openmm_mlff.selftest.oracles.surface import Surface, box_of

TOTAL_EV = -10_000.0
"""Of the atoms' own energies, as of a molecule of eight heavy atoms; one ulp there is 2⁻¹⁰ eV."""

STAIR_EV = 2.0**-10


class StaircaseOracle(BondedOracle):
    """Morse bonds and Urey-Bradley terms whose energy is rounded to float32 with −10 000 eV added.

    Args:
        molecule: water or methane.
        seed: varies the parameters by some per cent.
    """

    def __init__(self, molecule: MolecularSystem, *, seed: int) -> None:
        super().__init__(molecule, seed=seed)
        self.name = f"staircase-{molecule.name}-{seed}"
        self.spec = f"selftest:staircase-{molecule.name}?seed={seed}"

    def surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        return in_float32(super().surface(atomic_numbers, **box_of(cell_angstrom)), TOTAL_EV)


def in_float32(surface: Surface, total_ev: float) -> Surface:
    """Return a surface whose energy is rounded to float32 after a constant was added to it.

    Args:
        surface: its forces stay.
        total_ev: what is added.

    Returns:
        The surface.
    """

    def rounded(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        return (energies + total_ev).astype(np.float32).astype(float), forces

    return rounded
