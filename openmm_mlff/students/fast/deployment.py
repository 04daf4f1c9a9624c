"""OpenMM's contract for students with analytic forces."""

import torch
from torch import Tensor, nn

from openmm_mlff.students.fast.student import FastStudent
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


class FastFixed(nn.Module):
    """OpenMM's contract with forces: nm in, kJ/mol and kJ/mol/nm out, for one molecule.

    For ``TorchForce.setOutputsForces(True)``. All shapes are constant. All pairs are in dense
    tables, so the memory grows with the square of the atoms: suitable for up to about 64 per
    molecule.

    Args:
        model: a student of this project's architecture.
        atomic_numbers: int64 (N,).
        dtype: dtype of the weights.

    Raises:
        TypeError: `model` is of another architecture.
        ValueError: no atoms, or unsupported elements.
    """

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.student = FastStudent(model, atomic_numbers, dtype)
        self.n_atoms = len(atomic_numbers)
        self.angstrom_per_nm = ANGSTROM_PER_NM
        self.kj_per_mol_per_ev = KJ_PER_MOL_PER_EV

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy and forces of B non-interacting copies.

        Positions are (B·N, 3), nm, copy after copy, in any precision.

        Returns:
            The energy of all copies in kJ/mol, a float64 scalar, and the forces in kJ/mol/nm,
            (B·N, 3), in the dtype of the positions.
        """
        with torch.no_grad():
            placed = (positions * self.angstrom_per_nm).view(-1, self.n_atoms, 3)
            energies, forces = self.student(placed)
            energy = energies.sum() * self.kj_per_mol_per_ev
            forces = forces.view(-1, 3) * (self.kj_per_mol_per_ev * self.angstrom_per_nm)
        return energy, forces
