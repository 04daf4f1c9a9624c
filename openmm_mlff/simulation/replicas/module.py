"""N copies of one molecule as a block-diagonal batch, evaluated by one OpenMM force."""

from collections.abc import Callable

import numpy as np
import openmm
import torch
from torch import Tensor, nn

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.python_backend import python_torch_force
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.potentials.torch_plugin import import_openmmtorch
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.states import CopyEnergies
from openmm_mlff.students.deployment import all_pairs, in_dtype
from openmm_mlff.students.fast import FastFixed
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


class Copies(nn.Module):
    """Module for OpenMM of n noninteracting copies, from nm to kJ/mol.

    For students whose forces are automatic gradients of the energy.  The pairs within each copy are
    a constant list, so the module can be captured as a CUDA graph.

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
        """Compute the energy of each copy, eV, float64 (n,), from positions (n N, 3)."""
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
        """Compute the total energy, kJ/mol, a float64 scalar, from positions (n N, 3), nm."""
        return self.energies(positions * self.angstrom_per_nm).sum() * self.kj_per_mol_per_ev


def can_be_batched(potential: object, molecule: MolecularSystem) -> bool:
    """Check whether copies of a molecule can run as one batch: a student with a constant pair list.

    Subclasses are not batched, because they may change the force.
    """
    return type(potential) is StudentPotential and not potential.uses_neighbour_list(molecule)


def student_batch(
    potential: StudentPotential, molecule: MolecularSystem, n_copies: int, *, precision: str
) -> tuple[openmm.Force, CopyEnergies]:
    """Return n copies of a student as one force, with its own backend, and the copies' energies.

    Both are computed by the same module.  The precisions ``single`` and ``mixed`` use float32
    weights, ``double`` float64.
    """
    potential.check_molecule(molecule)
    gives_forces = potential.gives_forces(molecule)
    module, energies_of = choose_module(potential, molecule, n_copies, precision=precision)

    def energies_ev(positions_angstrom: FloatArray) -> FloatArray:
        placed = np.array(positions_angstrom, dtype=np.float64)
        with torch.no_grad():
            return energies_of(torch.from_numpy(placed)).numpy()

    if potential.options.backend == "python":
        rows = None
        if isinstance(module, FastFixed):
            rows = module.student.copies_at_once * molecule.n_atoms
        force = python_torch_force(
            module,
            compiled=potential.options.compiled,
            gives_forces=gives_forces,
            rows_at_once=rows,
        )
        return force, energies_ev
    force = import_openmmtorch().TorchForce(torch.jit.script(module))
    force.setOutputsForces(gives_forces)
    force.setUsesPeriodicBoundaryConditions(False)
    force.setProperty("useCUDAGraphs", "true")
    return force, energies_ev


def choose_module(
    potential: StudentPotential, molecule: MolecularSystem, n_copies: int, *, precision: str
) -> tuple[FastFixed | Copies, Callable[[Tensor], Tensor]]:
    """Return the module for n copies, and their energies (n,), eV, as a function of (n, N, 3), Å.

    The module returns forces if the student computes its own.
    """
    numbers = torch.from_numpy(molecule.atomic_numbers.copy())
    model, dtype = potential.student.model, weights_dtype(precision)
    if potential.gives_forces(molecule):
        fast = FastFixed(model, numbers, dtype, constant=potential.options.compiled).eval()
        return fast, lambda positions: fast.student(positions)[0]
    copies = Copies(model, numbers, n_copies, dtype).eval()
    return copies, lambda positions: copies.energies(positions.reshape(-1, 3))
