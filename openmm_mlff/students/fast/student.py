"""A student for copies of one molecule: energies and forces in one pass, also for OpenMM."""

from typing import cast

import torch
from torch import Tensor, nn

from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.fast.listed import ListedStudent
from openmm_mlff.students.fast.messages import network_of
from openmm_mlff.students.fast.pairs import Buffered, Pairs, pulls_of
from openmm_mlff.students.painn import Interaction, PaiNN
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV

_PAIRS_AT_ONCE = 2_400
"""Enough rows for an efficient matrix product, few enough for their tables to fit into the
caches."""

_LARGEST_TABLE = 120_000
"""Pairs times features up to which a table of all pairs is faster on a CPU than a list of those
within the cutoff: students of 112, 58 and 30 features break even at 28, 48 and 62 atoms."""

_ROUNDING = 1.000001
"""The list extends this much beyond the model's cutoff, so that rounding loses no pair."""


class FastStudent(Buffered):
    """Energies and forces of B copies of one molecule.

    Args:
        model: a student of this project's architecture.
        atomic_numbers: int64 (N,), N ≥ 1.
        dtype: dtype of the weights.

    Raises:
        TypeError: `model` is of another architecture.
        ValueError: no atoms, or unsupported elements.
    """

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        if not isinstance(model, PaiNN):
            raise TypeError(
                f"got a {type(model).__name__}; expected a PaiNN: deploy other students by "
                "openmm_mlff.students.deployment.FixedComposition"
            )
        numbers = torch.as_tensor(atomic_numbers, dtype=torch.int64).cpu()
        element = model.element_index.cpu()[numbers]
        if numbers.dim() != 1 or len(numbers) == 0 or bool((element < 0).any()):
            raise ValueError(
                f"atomic numbers {numbers.tolist()}; expected one or more, of elements that the "
                "model supports"
            )
        fixed: PaiNN = in_dtype(model, dtype).cpu()  # type: ignore[assignment]
        self.pairs = Pairs(fixed, numbers)
        with torch.no_grad():
            self.network = network_of(fixed, element)
        self.copies_at_once = max(1, _PAIRS_AT_ONCE // len(numbers) ** 2)
        self.register_buffer("reference_energy", fixed.reference_energies[element].sum())

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energies and forces of all copies, on a CPU in parts of some thousand pairs.

        Positions are (B, N, 3), Å, in any precision; B may change between calls.

        Returns:
            Energies in eV, float64 (B,), and forces in eV/Å, (B, N, 3), in the dtype of the
            positions.
        """
        if positions.is_cuda or positions.shape[0] <= self.copies_at_once:
            return self.evaluate(positions)
        energies: list[Tensor] = []
        forces: list[Tensor] = []
        for part in positions.split(self.copies_at_once):
            part_energies, part_forces = self.evaluate(part)
            energies.append(part_energies)
            forces.append(part_forces)
        return torch.cat(energies), torch.cat(forces)

    def evaluate(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energies and forces in one part; call it under :func:`torch.no_grad`."""
        return self.of_table(positions)

    def of_table(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute energies and forces from all pairs."""
        copies, n_atoms = positions.shape[0], positions.shape[1]
        pairs = self.pairs(positions)
        atomic = self.network([pairs])
        energies = atomic.view(copies, n_atoms).sum(1, dtype=torch.float64)
        core = pairs.core.view(copies, n_atoms * n_atoms).sum(1, dtype=torch.float64)
        energies = energies.add_(core).add_(self.reference_energy)
        pulls = pulls_of(pairs).view(copies, n_atoms, 3, n_atoms).to(positions.dtype)
        forces = (pulls - pulls.transpose(1, 3)).sum(3)
        return energies, forces


class ListingStudent(FastStudent):
    """As :class:`FastStudent`, but on a CPU only pairs within the cutoff are evaluated.

    On a GPU all shapes are constant, as a CUDA graph requires.
    """

    def __init__(self, model: nn.Module, atomic_numbers: Tensor, dtype: torch.dtype) -> None:
        super().__init__(model, atomic_numbers, dtype)
        self.listed = ListedStudent(cast("PaiNN", model), dtype)
        self.reach2 = (_ROUNDING * self.listed.cutoff) ** 2
        self.register_buffer("atomic_numbers", atomic_numbers.clone())
        itself = torch.eye(len(atomic_numbers), dtype=torch.float64)
        self.register_buffer("beyond", 2.0 * self.reach2 * itself)

    def evaluate(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`FastStudent.evaluate`."""
        if positions.is_cuda:
            return self.of_table(positions)
        copies, n_atoms = positions.shape[0], positions.shape[1]
        apart = positions.unsqueeze(1) - positions.unsqueeze(2)
        distance2 = (apart * apart).sum(3) + self.beyond
        near = torch.nonzero(distance2.view(-1) < self.reach2)[:, 0]
        receivers = torch.div(near, n_atoms, rounding_mode="floor")
        graph = torch.arange(copies).repeat_interleave(n_atoms)
        senders = graph.index_select(0, receivers) * n_atoms + torch.remainder(near, n_atoms)
        displacements = apart.view(-1, 3).index_select(0, near).to(self.pairs.dtype)
        numbers = self.atomic_numbers.repeat(copies)
        energies, gradient = self.listed(numbers, displacements, senders, receivers, graph, copies)
        pulls = gradient.to(positions.dtype)
        forces = torch.zeros_like(positions).view(-1, 3).index_add_(0, receivers, pulls)
        forces = forces.index_add_(0, senders, pulls, alpha=-1.0)
        return energies, forces.view(copies, n_atoms, 3)


class FastFixed(Buffered):
    """OpenMM's contract with forces: nm in, kJ/mol and kJ/mol/nm out, for one molecule.

    For ``TorchForce.setOutputsForces(True)``, and for molecules of up to about 64 atoms: the memory
    of a table of all pairs grows with their square.

    Args:
        model: as for :class:`FastStudent`.
        atomic_numbers: as for :class:`FastStudent`.
        dtype: dtype of the weights.
        constant: keep all shapes constant on a CPU too, as a compiler requires.
    """

    def __init__(
        self,
        model: nn.Module,
        atomic_numbers: Tensor,
        dtype: torch.dtype,
        *,
        constant: bool = False,
    ) -> None:
        super().__init__()
        fast = FastStudent
        if isinstance(model, PaiNN) and not constant:
            features = cast(Interaction, model.interactions[0]).features
            if features * len(atomic_numbers) ** 2 > _LARGEST_TABLE:
                fast = ListingStudent
        self.student = fast(model, atomic_numbers, dtype)
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
