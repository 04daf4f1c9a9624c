"""Students as potentials: checkpoint -> TorchScript -> `TorchForce`, or PyTorch in Python."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import numpy as np
import torch

from openmm_mlff.config import GFN1_XTB, GFN2_XTB
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import NO_OPTIONS, Backend, PotentialOptions
from openmm_mlff.potentials.base import Evaluation, Potential, check_precision
from openmm_mlff.potentials.calculators import StudentForceFieldCalculator
from openmm_mlff.potentials.parameters import parameters_sha256
from openmm_mlff.potentials.python_backend import python_torch_force
from openmm_mlff.potentials.torch_plugin import import_openmmtorch
from openmm_mlff.storage.fingerprint import Sources
from openmm_mlff.students.checkpoint import TEACHER, TEACHER_OF_WATER
from openmm_mlff.students.deployment import (
    FixedComposition,
    FreeComposition,
    OfSomeParticles,
    OfSomeParticlesWithForces,
)
from openmm_mlff.students.evaluation import evaluate_batch, evaluate_with_list
from openmm_mlff.students.fast import FastFixed
from openmm_mlff.students.loading import LoadedStudent, load_checkpoint
from openmm_mlff.students.neighbours import LIST_FROM_ATOMS, FastInABox, FastLarge, InABox, Large
from openmm_mlff.students.painn import PaiNN

if TYPE_CHECKING:
    import openmm

_TEACHERS = {TEACHER: GFN2_XTB, TEACHER_OF_WATER: GFN1_XTB}
"""Specs of the teachers named in checkpoints."""


def weights_dtype(precision: str) -> torch.dtype:
    """Return the dtype of the weights: float64 for ``double``, else float32."""
    return torch.float64 if check_precision(precision) == "double" else torch.float32


class StudentPotential(Potential):
    """A student checkpoint as a potential; the options select the backend."""

    is_exported = True
    has_two_precisions = True
    _warmed = (*Potential._warmed, "_scripts")

    def __init__(
        self, student: LoadedStudent, *, spec: str, options: PotentialOptions = NO_OPTIONS
    ) -> None:
        self.student = student
        self.options = options
        self.spec = spec
        self.name = student.name
        self.n_parameters = student.n_parameters
        self.elements = student.elements
        self.teacher = _TEACHERS.get(student.record.teacher) if student.record else None

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: the checkpoint, or the weights if there is none."""
        if self.student.sha256:
            return Sources(files={self.spec: self.student.sha256}, modules=("torch",))
        return Sources(modules=("torch",), parameters=parameters_sha256(self.student.model))

    @classmethod
    def from_file(
        cls, path: Path, *, spec: str | None = None, options: PotentialOptions = NO_OPTIONS
    ) -> "StudentPotential":
        """Load a checkpoint; its spec defaults to its path."""
        return cls(load_checkpoint(path), spec=spec or str(path), options=options)

    def other_backends(self) -> dict[str, "Potential"]:
        """See :meth:`Potential.other_backends`."""
        backends: tuple[Backend, ...] = get_args(Backend)
        return {
            backend: StudentPotential(
                self.student, spec=self.spec, options=PotentialOptions(backend=backend)
            )
            for backend in backends
            if backend != self.options.backend
        }

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_molecule`."""
        super().check_molecule(molecule)
        searched = self.uses_neighbour_list(molecule)
        if searched and not np.isfinite(self.student.cutoff_angstrom):
            raise PotentialError(
                f"{self.spec} has no cutoff, which a neighbour list needs for {molecule.name}; "
                f"expected an isolated molecule of at most {LIST_FROM_ATOMS} atoms"
            )
        if searched and self.options.compiled:
            raise PotentialError(
                f"{self.spec} cannot be compiled for {molecule.name}: the number of its pairs "
                f"changes; expected an isolated molecule of at most {LIST_FROM_ATOMS} atoms: leave "
                "out --compiled"
            )

    @staticmethod
    def uses_neighbour_list(molecule: MolecularSystem) -> bool:
        """Return whether pairs are searched in every step instead of listed once."""
        return molecule.is_periodic or molecule.n_atoms > LIST_FROM_ATOMS

    def gives_forces(self, molecule: MolecularSystem) -> bool:
        """Return whether forces are computed analytically for a molecule, without autograd."""
        return isinstance(self.student.model, PaiNN) and self.options.backend != "torchforce-plain"

    def deployed(self, molecule: MolecularSystem, *, precision: str = "mixed") -> torch.nn.Module:
        """Build the module that OpenMM runs, for the molecule's atomic numbers.

        It returns energy and forces if :meth:`gives_forces`; otherwise it is :meth:`module`.
        """
        if not self.gives_forces(molecule):
            return self.module(molecule, precision=precision)
        self.check_molecule(molecule)
        numbers = torch.from_numpy(molecule.atomic_numbers.copy())
        model, dtype = cast("PaiNN", self.student.model), weights_dtype(precision)
        if molecule.is_periodic:
            return FastInABox(model, numbers, dtype).eval()
        if self.uses_neighbour_list(molecule):
            return FastLarge(model, numbers, dtype).eval()
        return FastFixed(model, numbers, dtype, constant=self.options.compiled).eval()

    def module(self, molecule: MolecularSystem, *, precision: str = "mixed") -> torch.nn.Module:
        """Build the student for the molecule's atomic numbers, nm in, kJ/mol out.

        It is `forward(positions)`, or `forward(positions, boxvectors)` for a periodic box.
        """
        self.check_molecule(molecule)
        numbers = torch.from_numpy(molecule.atomic_numbers.copy())
        model, dtype = self.student.model, weights_dtype(precision)
        if molecule.is_periodic:
            return InABox(model, numbers, dtype).eval()
        if self.uses_neighbour_list(molecule):
            return Large(model, numbers, dtype).eval()
        return FixedComposition(model, numbers, dtype).eval()

    @cached_property
    def _scripts(self) -> dict[tuple[bytes, bool, str], torch.jit.ScriptModule]:
        return {}

    def script(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> torch.jit.ScriptModule:
        """Compile :meth:`deployed` with TorchScript, once for each composition."""
        key = molecule.atomic_numbers.tobytes(), molecule.is_periodic, precision
        if key not in self._scripts:
            self._scripts[key] = torch.jit.script(self.deployed(molecule, precision=precision))
        return self._scripts[key]

    def script_free(self, *, precision: str = "mixed") -> torch.jit.ScriptModule:
        """Compile the student for any molecule: `forward(atomic_numbers, positions)`, Å and eV."""
        module = FreeComposition(self.student.model, weights_dtype(precision))
        return torch.jit.script(module.eval())

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """See :meth:`Potential.create_forces`; on CUDA a list of pairs runs as a CUDA graph."""
        if particles is not None and molecule.is_periodic:
            raise PotentialError(
                f"{self.spec} treats a part of a System as an isolated molecule, but "
                f"{molecule.name} has a periodic box; give the molecule without its box"
            )
        if self.options.backend == "python":
            return [
                python_torch_force(
                    self.deployed(molecule, precision=precision),
                    periodic=molecule.is_periodic,
                    compiled=self.options.compiled,
                    gives_forces=self.gives_forces(molecule),
                    particles=particles,
                )
            ]
        return [self._torch_force(molecule, precision=precision, particles=particles)]

    def _torch_force(
        self, molecule: MolecularSystem, *, precision: str, particles: Sequence[int] | None
    ) -> "openmm.Force":
        openmmtorch = import_openmmtorch()
        gives_forces = self.gives_forces(molecule)
        module = self.script(molecule, precision=precision)
        if particles is not None:
            some = OfSomeParticlesWithForces if gives_forces else OfSomeParticles
            module = torch.jit.script(some(module, torch.tensor(list(particles))))
        force: openmm.Force = openmmtorch.TorchForce(module)
        force.setOutputsForces(gives_forces)
        force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
        if not self.uses_neighbour_list(molecule):
            # A CUDA graph requires a constant list of pairs.
            force.setProperty("useCUDAGraphs", "true")
        return force

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> StudentForceFieldCalculator:
        """Return the eager model as an ASE calculator; see :meth:`Potential.ase_calculator`."""
        dtype = "float64" if check_precision(precision) == "double" else "float32"
        return StudentForceFieldCalculator(student=self.student, device=device, dtype=dtype)

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """See :meth:`Potential.evaluate`; many geometries in one call."""
        self.check_molecule(molecule)
        shared = self.shared_calculator(precision=precision)
        program, dtype = cast("StudentForceFieldCalculator", shared).model, weights_dtype(precision)
        numbers = torch.from_numpy(molecule.atomic_numbers.copy())
        positions = torch.from_numpy(np.array(positions_angstrom, dtype=float))
        if molecule.cell_angstrom is None:
            energies, forces = evaluate_batch(program, numbers, positions, dtype=dtype)
            return Evaluation(energies.numpy(), forces.numpy())
        cell = torch.from_numpy(molecule.cell_angstrom.copy())
        found = (
            evaluate_with_list(program, numbers, placed, dtype=dtype, cell=cell)
            for placed in positions
        )
        each = ((float(energy), forces.numpy()) for energy, forces, _ in found)
        return Evaluation.of(each, n_atoms=molecule.n_atoms)
