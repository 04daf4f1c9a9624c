"""Neighbour lists for large molecules and periodic boxes.

The list is vesin's (https://luthaf.fr/vesin): any box, any cutoff, several images of one atom if
the box is smaller than twice the cutoff; its vectors are differentiable with respect to positions
and box. TorchScript compiles vesin's own module.
"""

from typing import Any

import torch
from torch import Tensor, nn
from vesin_torch import NeighborList

from openmm_mlff.students.deployment import ForOpenMM
from openmm_mlff.students.fast import ListedStudent
from openmm_mlff.students.painn import PaiNN

LIST_FROM_ATOMS = 64
"""Isolated molecules with more atoms use a neighbour list; smaller ones a table of all pairs."""

ROUNDING = 1.000001
"""The list extends this much beyond the model's cutoff, so that rounding loses no pair."""


class _Listed(ForOpenMM):
    """A student with a cutoff that searches pairs in every call."""

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__(model, atomic_numbers, dtype)
        self.neighbours = neighbour_list(model)

    def pairs(
        self,
        positions: Tensor,
        boxvectors: Tensor,
        periodic: bool,  # noqa: FBT001
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Search pairs: receivers and senders, (E,), and sender minus receiver, Å, (E, 3).

        Positions are (N, 3), box vectors (3, 3), nm.
        """
        receivers, senders, displacements = self.neighbours.compute(
            points=positions * self.angstrom_per_nm,
            box=boxvectors.to(positions.dtype) * self.angstrom_per_nm,
            periodic=periodic,
            quantities="ijD",
            copy=True,
        )
        return receivers, senders, displacements

    def in_box(self, positions: Tensor, boxvectors: Tensor, periodic: bool) -> Tensor:  # noqa: FBT001
        """Compute the energy, kJ/mol; see :meth:`pairs`."""
        receivers, senders, displacements = self.pairs(positions, boxvectors, periodic)
        return self.energy(displacements, senders, receivers)


class InABox(_Listed):
    """OpenMM's contract for a periodic box: `forward(positions, boxvectors)`, nm in, kJ/mol out."""

    def forward(self, positions: Tensor, boxvectors: Tensor) -> Tensor:
        """Compute the energy, kJ/mol, float64, of positions (N, 3), nm, in any precision.

        Box vectors are (3, 3), nm, rows; atoms may be outside of the box.
        """
        return self.in_box(positions, boxvectors, True)  # noqa: FBT003


class Large(_Listed):
    """OpenMM's contract for a large isolated molecule: `forward(positions)`, nm in, kJ/mol out."""

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy, kJ/mol, float64, of positions (N, 3), nm, in any precision."""
        no_box = torch.zeros([3, 3], dtype=positions.dtype, device=positions.device)
        return self.in_box(positions, no_box, False)  # noqa: FBT003


class _FastListed(_Listed):
    """A PaiNN that computes forces analytically, for ``TorchForce.setOutputsForces(True)``."""

    def __init__(self, model: PaiNN, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__(model, atomic_numbers, dtype)
        self.model = ListedStudent(model, dtype)

    def with_forces(
        self,
        positions: Tensor,
        boxvectors: Tensor,
        periodic: bool,  # noqa: FBT001
    ) -> tuple[Tensor, Tensor]:
        """Compute energy, kJ/mol, and forces, kJ/mol/nm; see :meth:`_Listed.pairs`."""
        with torch.no_grad():
            receivers, senders, displacements = self.pairs(positions, boxvectors, periodic)
            apart = displacements.to(self.dtype)
            energies, gradient = self.model(
                self.atomic_numbers, apart, senders, receivers, self.graph, 1
            )
            pulls = gradient.to(positions.dtype)
            forces = torch.zeros_like(positions).index_add_(0, receivers, pulls)
            forces = forces.index_add_(0, senders, pulls, alpha=-1.0)
            forces = forces * (self.kj_per_mol_per_ev * self.angstrom_per_nm)
            return energies[0] * self.kj_per_mol_per_ev, forces


class FastInABox(_FastListed):
    """OpenMM's contract with forces for a periodic box: `forward(positions, boxvectors)`."""

    def forward(self, positions: Tensor, boxvectors: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy, kJ/mol, and forces, kJ/mol/nm; see :meth:`InABox.forward`."""
        return self.with_forces(positions, boxvectors, True)  # noqa: FBT003


class FastLarge(_FastListed):
    """OpenMM's contract with forces for a large isolated molecule: `forward(positions)`."""

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy, kJ/mol, and forces, kJ/mol/nm; see :meth:`Large.forward`."""
        no_box = torch.zeros([3, 3], dtype=positions.dtype, device=positions.device)
        return self.with_forces(positions, no_box, False)  # noqa: FBT003


def neighbour_list(model: nn.Module) -> NeighborList:
    """Return vesin's list of every pair within a student's cutoff, in both directions."""
    cutoff_angstrom: Any = model.cutoff
    return NeighborList(cutoff=ROUNDING * float(cutoff_angstrom), full_list=True)
