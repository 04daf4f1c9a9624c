"""Contracts of the students that give their own forces: OpenMM's, and that of replicas."""

import torch
from torch import Tensor, nn

from openmm_mlff.students.fast.student import FastStudent
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


class FastFixed(nn.Module):
    """OpenMM's contract with forces: nm in, kJ/mol and kJ/mol/nm out, the molecule inside.

    For ``TorchForce.setOutputsForces(True)``.  No size depends on the positions.  All pairs
    stand in dense tables, so its memory grows with the square of the atoms: meant for up to
    some 64 in a molecule.

    Args:
        model: a student of this project's architecture.
        atomic_numbers: int64 (N,).
        dtype: of the weights.

    Raises:
        TypeError: `model` is of another architecture.
        ValueError: no atoms, or elements that the model does not know.
    """

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.student = FastStudent(model, atomic_numbers, dtype)
        self.n_atoms = len(atomic_numbers)
        self.angstrom_per_nm = ANGSTROM_PER_NM
        self.kj_per_mol_per_ev = KJ_PER_MOL_PER_EV

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energy and forces.

        Args:
            positions: nm, (B·N, 3), copy after copy, in any precision; copies do not see each
                other.

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


class FastBatch(nn.Module):
    """Copies of one molecule, each with its own energy: `forward(positions)`, Å and eV.

    Args:
        model: a student of this project's architecture.
        atomic_numbers: int64 (N,).
        dtype: of the weights.
    """

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.student = FastStudent(model, atomic_numbers, dtype)

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energies and forces.

        Args:
            positions: Å, (B, N, 3), in any precision; B may change from call to call.

        Returns:
            Energies in eV, float64 (B,), and forces in eV/Å, (B, N, 3), in the dtype of the
            positions.
        """
        with torch.no_grad():
            energies, forces = self.student(positions)
        return energies, forces
