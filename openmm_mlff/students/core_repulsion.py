"""Physical core of every student: screened nuclear repulsion (ZBL) of each pair.

A network extrapolates poorly, and in hot or badly started simulations atoms come closer than in any
training frame. The core term makes short distances repulsive by construction.
"""

import torch
from torch import Tensor, nn

from openmm_mlff.students.radial import scaled_cutoff
from openmm_mlff.units import BOHR_IN_ANGSTROM, COULOMB_CONSTANT_EV_ANGSTROM

REACH_IN_COVALENT_SUMS = 1.5
"""The core term ends at this multiple of the sum of the covalent radii."""


class CoreRepulsion(nn.Module):
    """Ziegler-Biersack-Littmark repulsion, switched off (C²) beyond the bonding distance.

    V(d) = k Z₁Z₂/d · φ(d/a) · u(d/d_end), a = 0.8854 a₀ / (Z₁^0.23 + Z₂^0.23),
    d_end = 1.5 × the sum of covalent radii
    (Ziegler, Biersack, Littmark 1985, "The stopping and range of ions in matter").
    """

    weights: Tensor
    decays: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.coulomb_constant = COULOMB_CONSTANT_EV_ANGSTROM
        self.inverse_length_unit = 1.0 / (0.8854 * BOHR_IN_ANGSTROM)
        self.register_buffer(
            "weights", torch.tensor([0.18175, 0.50986, 0.28022, 0.02817]), persistent=False
        )
        self.register_buffer(
            "decays", torch.tensor([3.19980, 0.94229, 0.40290, 0.20162]), persistent=False
        )

    def forward(
        self, distance: Tensor, charge_1: Tensor, charge_2: Tensor, reach: Tensor
    ) -> Tensor:
        """Compute the repulsion of each pair, eV, (E,).

        All arguments are (E,): distance and ``reach``, where the term ends, in Å, and nuclear
        charges.
        """
        inverse_length = (charge_1**0.23 + charge_2**0.23) * self.inverse_length_unit
        scaled = (distance * inverse_length).unsqueeze(-1)
        screening = (self.weights * torch.exp(-self.decays * scaled)).sum(-1)
        coulomb = self.coulomb_constant * charge_1 * charge_2 / distance
        return coulomb * screening * scaled_cutoff(distance / reach)
