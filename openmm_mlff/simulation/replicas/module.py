"""N copies of one molecule as one block-diagonal batch: the module that one OpenMM force runs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import openmm
import torch
from torch import Tensor, nn

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.python_backend import python_torch_force
from openmm_mlff.potentials.student import (
    StudentPotential,
    import_openmmtorch,
    weights_dtype,
)
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.students.deployment import all_pairs, in_dtype
from openmm_mlff.students.fast import FastFixed
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV

CopyEnergies = Callable[[FloatArray], FloatArray]
"""From positions of all copies, (n, N, 3), Å, to their potential energies, (n,), eV."""


class Copies(nn.Module):
    """OpenMM's contract for n copies that do not feel each other: nm in, kJ/mol out.

    For students whose forces are automatic gradients of the energy.
    Pairs stand in a table and lie within copies; the list never changes, so the module can be
    captured as a CUDA graph.

    Args:
        model: a student, see :meth:`openmm_mlff.students.painn.PaiNN.forward`.
        atomic_numbers: of one copy, int64 (N,).
        n_copies: n.
        dtype: of the weights.
    """

    atomic_numbers: Tensor
    senders: Tensor
    receivers: Tensor
    graph: Tensor

    def __init__(
        self, model: nn.Module, atomic_numbers: Tensor, n_copies: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.model = in_dtype(model, dtype)
        self.dtype = dtype
        self.n_copies = n_copies
        self.angstrom_per_nm = ANGSTROM_PER_NM
        self.kj_per_mol_per_ev = KJ_PER_MOL_PER_EV
        n_atoms = len(atomic_numbers)
        senders, receivers = all_pairs(n_atoms)
        offsets = (n_atoms * torch.arange(n_copies)).repeat_interleave(len(senders))
        self.register_buffer("atomic_numbers", atomic_numbers.repeat(n_copies))
        self.register_buffer("senders", senders.repeat(n_copies) + offsets)
        self.register_buffer("receivers", receivers.repeat(n_copies) + offsets)
        self.register_buffer("graph", torch.arange(n_copies).repeat_interleave(n_atoms))

    def energies(self, positions_angstrom: Tensor) -> Tensor:
        """Compute the energy of each copy.

        Args:
            positions_angstrom: Å, (n N, 3), in any precision.

        Returns:
            eV, float64 (n,).
        """
        senders = positions_angstrom[self.senders]
        displacements = (senders - positions_angstrom[self.receivers]).to(self.dtype)
        energies: Tensor = self.model(
            self.atomic_numbers,
            displacements,
            self.senders,
            self.receivers,
            self.graph,
            self.n_copies,
        )
        return energies

    def forward(self, positions: Tensor) -> Tensor:
        """Compute the energy of all copies together.

        Args:
            positions: nm, (n N, 3), in any precision.

        Returns:
            kJ/mol, a float64 scalar.
        """
        return self.energies(positions * self.angstrom_per_nm).sum() * self.kj_per_mol_per_ev


@dataclass(frozen=True)
class Batch:
    """All copies as OpenMM and the reports need them.

    Attributes:
        forces: to be added to a System of n N particles.
        energies_ev: energies copy by copy; None where only OpenMM can tell.
    """

    forces: list[openmm.Force]
    energies_ev: CopyEnergies | None


def can_be_batched(potential: object, molecule: MolecularSystem) -> bool:
    """Tell whether copies of a molecule run as one batch, and so faster than one by one.

    A subclass may change what OpenMM runs; it is not batched.

    Args:
        potential: any.
        molecule: one copy.

    Returns:
        True for a student whose pairs stand in a table.
    """
    return type(potential) is StudentPotential and not potential.uses_neighbour_list(molecule)


def student_batch(
    potential: StudentPotential, molecule: MolecularSystem, n_copies: int, *, precision: str
) -> Batch:
    """Run n copies on a student, by its own backend.

    Args:
        potential: the student.
        molecule: one copy.
        n_copies: n.
        precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64.

    Returns:
        One force, and the energies of the same module, operation by operation.
    """
    potential.check_molecule(molecule)
    gives_forces = potential.gives_forces(molecule)
    module, energies_of = choose_module(potential, molecule, n_copies, precision=precision)

    def energies_ev(positions_angstrom: FloatArray) -> FloatArray:
        placed = np.array(positions_angstrom, dtype=np.float64)
        with torch.no_grad():
            return energies_of(torch.from_numpy(placed)).numpy()

    if potential.options.backend == "python":
        rows = (
            module.student.copies_at_once * molecule.n_atoms
            if isinstance(module, FastFixed)
            else None
        )
        force = python_torch_force(
            module,
            compiled=potential.options.compiled,
            gives_forces=gives_forces,
            rows_at_once=rows,
        )
    else:
        force = import_openmmtorch().TorchForce(torch.jit.script(module))
        force.setOutputsForces(gives_forces)
        force.setUsesPeriodicBoundaryConditions(False)
        force.setProperty("useCUDAGraphs", "true")
    return Batch([force], energies_ev)


def choose_module(
    potential: StudentPotential, molecule: MolecularSystem, n_copies: int, *, precision: str
) -> tuple[FastFixed | Copies, Callable[[Tensor], Tensor]]:
    """Choose the module that runs n copies as the student runs one.

    Args:
        potential: the student.
        molecule: one copy.
        n_copies: n.
        precision: of the weights.

    Returns:
        OpenMM's contract, with forces where the student gives its own, and the energies (n,), eV,
        of positions (n, N, 3), Å.
    """
    numbers = torch.from_numpy(molecule.atomic_numbers.copy())
    model, dtype = potential.student.model, weights_dtype(precision)
    if potential.gives_forces(molecule):
        fast = FastFixed(model, numbers, dtype).eval()
        return fast, lambda positions: fast.student(positions)[0]
    copies = Copies(model, numbers, n_copies, dtype).eval()
    return copies, lambda positions: copies.energies(positions.reshape(-1, 3))
