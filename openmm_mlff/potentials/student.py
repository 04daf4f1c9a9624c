"""Students as potentials: checkpoint -> TorchScript -> `TorchForce`."""

import logging
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Evaluation, Potential, check_precision
from openmm_mlff.students.deployment import (
    FixedComposition,
    FreeComposition,
    OfSomeParticles,
    evaluate_batch,
    in_dtype,
)
from openmm_mlff.students.loading import LoadedStudent, load_checkpoint

if TYPE_CHECKING:
    import openmm

    from openmm_mlff.potentials.calculators import StudentForceFieldCalculator

_BATCH_PAIRS = 8_000
"""Pairs evaluated at once: enough to keep a core busy, few enough to stay near its caches."""


def weights_dtype(precision: str) -> torch.dtype:
    """Give the precision of the weights: float64 for ``double``, else float32.

    Args:
        precision: ``single``, ``mixed`` or ``double``.

    Returns:
        The torch type.
    """
    return torch.float64 if check_precision(precision) == "double" else torch.float32


def import_openmmtorch() -> ModuleType:
    """Import the plugin without the warning about `simtk` that its own import sets off.

    Returns:
        The module.

    Raises:
        MissingDependencyError: it cannot be imported.
    """
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import openmmtorch
    except ImportError as error:
        from openmm_mlff.errors import MissingDependencyError

        raise MissingDependencyError(
            f"the OpenMM plugin openmmtorch cannot be imported ({error}); run: "
            "pip install acellera-openmmtorch-cu13==1.10, or conda install openmm-torch"
        ) from error
    finally:
        logging.disable(level)
    return openmmtorch


class StudentPotential(Potential):
    """A student checkpoint as a potential.

    Args:
        student: from :func:`openmm_mlff.students.loading.load_checkpoint`.
        spec: the string that named it.
    """

    def __init__(self, student: LoadedStudent, *, spec: str) -> None:
        self.student = student
        self.spec = spec
        self.name = student.name
        self.sha256 = student.sha256
        self.n_parameters = student.n_parameters
        self.elements = student.elements

    @classmethod
    def from_file(cls, path: Path, *, spec: str | None = None) -> "StudentPotential":
        """Load a checkpoint.

        Args:
            path: of the checkpoint.
            spec: the string that named it; the path when left out.

        Returns:
            The potential.

        Raises:
            CheckpointError: it cannot be loaded.
        """
        return cls(load_checkpoint(path), spec=spec or str(path))

    def script(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> torch.jit.ScriptModule:
        """Compile the student for one molecule: `forward(positions)`, nm in, kJ/mol out.

        Args:
            molecule: its atomic numbers are built in.
            precision: ``single`` and ``mixed`` give float32 weights, ``double`` float64.

        Returns:
            The compiled module.
        """
        self.check_molecule(molecule)
        numbers = torch.from_numpy(molecule.atomic_numbers.copy())
        module = FixedComposition(self.student.model, numbers, weights_dtype(precision))
        return torch.jit.script(module.eval())

    def script_free(self, *, precision: str = "mixed") -> torch.jit.ScriptModule:
        """Compile the student for any molecule: `forward(atomic_numbers, positions)`, Å and eV.

        Args:
            precision: ``single`` and ``mixed`` give float32 weights, ``double`` float64.

        Returns:
            The compiled module.
        """
        module = FreeComposition(self.student.model, weights_dtype(precision))
        return torch.jit.script(module.eval())

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """See :meth:`Potential.create_forces`; on CUDA the force runs as a CUDA graph."""
        openmmtorch = import_openmmtorch()
        module = self.script(molecule, precision=precision)
        if particles is not None:
            module = torch.jit.script(OfSomeParticles(module, torch.tensor(list(particles))))
        force = openmmtorch.TorchForce(module)
        # The pairs of an isolated molecule never change, which is what a CUDA graph needs.
        force.setProperty("useCUDAGraphs", "true")
        return [force]

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> "StudentForceFieldCalculator":
        """Give the eager model as an ASE calculator; see :meth:`Potential.ase_calculator`."""
        from openmm_mlff.potentials.calculators import StudentForceFieldCalculator

        dtype = "float64" if check_precision(precision) == "double" else "float32"
        return StudentForceFieldCalculator(student=self.student, device=device, dtype=dtype)

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate several geometries with the eager model, many in one call.

        Args:
            molecule: which atoms.
            positions_angstrom: (G, N, 3), Å.
            precision: of the weights.

        Returns:
            Energies and forces of all of them.
        """
        self.check_molecule(molecule)
        dtype = weights_dtype(precision)
        model = in_dtype(self.student.model, dtype)
        numbers = torch.from_numpy(molecule.atomic_numbers.copy())
        positions = torch.from_numpy(np.array(positions_angstrom, dtype=float))
        size = max(1, _BATCH_PAIRS // max(1, molecule.n_atoms * (molecule.n_atoms - 1)))
        parts = [
            evaluate_batch(model, numbers, part, dtype=dtype) for part in positions.split(size)
        ]
        return Evaluation(
            torch.cat([energies for energies, _ in parts]).numpy(),
            torch.cat([forces for _, forces in parts]).numpy(),
        )
