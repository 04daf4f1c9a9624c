"""TorchScript files as potentials."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import NO_OPTIONS, Backend, PotentialOptions
from openmm_mlff.potentials.base import Evaluation, Potential, check_precision
from openmm_mlff.potentials.calculation import python_force
from openmm_mlff.potentials.calculators import FunctionCalculator, torch_device
from openmm_mlff.potentials.torch_plugin import import_openmmtorch
from openmm_mlff.potentials.torchscript.adapter import adapt, scales_of
from openmm_mlff.potentials.torchscript.archive import copy_of, read_archive
from openmm_mlff.potentials.torchscript.program import Program
from openmm_mlff.potentials.torchscript.signature import find_contract, read_signature
from openmm_mlff.storage.fingerprint import Sources

if TYPE_CHECKING:
    import openmm


class TorchScriptPotential(Potential):
    """A TorchScript file as run by `TorchForce`: its own weights, in evaluation mode.

    `TorchForce` sets every module to evaluation mode, so dropout is disabled here too; the file is
    not changed. The precision of the weights is always that of the file; positions are float64 on
    OpenMM's Reference and CPU platforms, and here, and float32 on CUDA unless its precision is
    double.

    Args:
        program: the module with its contract.
        name: short name for folders and tables.
        sha256: hash of the file.
        backend: ``torchforce``, or ``python``, which runs the same file through `PythonForce`.
    """

    _warmed = (*Potential._warmed, "program")

    def __init__(
        self, program: Program, *, name: str, sha256: str, backend: Backend = "torchforce"
    ) -> None:
        # Never called, so that every copy starts in the state of the file.
        self._saved = program
        self.backend = backend
        self.spec = program.spec
        self.name = name
        self.file_sha256 = sha256
        self.n_parameters = sum(weights.numel() for weights in program.module.parameters())
        self.composition_is_free = program.contract.has_numbers
        self.box_is_free = False

    @cached_property
    def program(self) -> Program:
        """A copy of the file's module, used by every evaluation."""
        return replace(self._saved, module=copy_of(self._saved.module))

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: the file."""
        return Sources(files={self.spec: self.file_sha256}, modules=("torch",))

    def other_backends(self) -> dict[str, Potential]:
        """See :meth:`Potential.other_backends`."""
        # Python runs the file unchanged; TorchForce freezes it first, which may remove a detach.
        other: Backend = "torchforce" if self.backend == "python" else "python"
        potential = TorchScriptPotential(
            self._saved, name=self.name, sha256=self.file_sha256, backend=other
        )
        return {other: potential}

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check the molecule by evaluating it once."""
        energy_ev, forces = self.program.call(molecule.to_ase())
        for quantity, finite in (
            (f"an energy of {energy_ev}", math.isfinite(energy_ev)),
            ("forces that are not finite", bool(np.isfinite(forces).all())),
        ):
            if not finite:
                raise PotentialError(
                    f"{self.spec} returns {quantity} for {molecule.name}; expected finite numbers: "
                    "give it the molecule and the units that it was made for"
                )

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """See :meth:`Potential.create_forces`."""
        check_precision(precision)
        self.check_molecule(molecule)
        if self.backend == "python":
            calculator = self.ase_calculator()
            return [python_force(molecule, calculator, spec=self.spec, particles=particles)]
        contract = self._saved.contract
        module = adapt(
            copy_of(self._saved.module),
            contract,
            self._saved.scales,
            atomic_numbers=torch.from_numpy(molecule.atomic_numbers.copy()),
            particles=particles,
        )
        force = import_openmmtorch().TorchForce(module)
        force.setOutputsForces(contract.outputs_forces)
        force.setUsesPeriodicBoundaryConditions(contract.has_box)
        # Values are passed in this order.
        for argument in contract.parameters:
            force.addGlobalParameter(argument.name, self._saved.parameters[argument.name])
        return [force]

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> FunctionCalculator:
        """Return a copy of the module as a calculator; see :meth:`Potential.ase_calculator`."""
        check_precision(precision)
        chosen = torch_device(device)
        module = copy_of(self._saved.module).to(chosen)
        return FunctionCalculator(replace(self._saved, module=module, device=chosen).call)

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """See :meth:`Potential.evaluate`; always in the precision of the file."""
        check_precision(precision)
        atoms, found = molecule.to_ase(), []
        for positions in positions_angstrom:
            atoms.positions = positions
            found.append(self.program.call(atoms))
        return Evaluation.of(found, n_atoms=molecule.n_atoms)


def load_torchscript(
    path: Path | str, *, spec: str | None = None, options: PotentialOptions = NO_OPTIONS
) -> TorchScriptPotential:
    """Load a TorchScript file; the options are what its signature does not determine.

    Raises:
        CheckpointError: the file is missing or damaged.
        PotentialError: its signature does not match a contract, or the options are inconsistent
            with it.
    """
    path = Path(path)
    spec = spec or str(path)
    if options.compiled:
        raise PotentialError(
            f"{spec} is a TorchScript file, which is already compiled; leave out --compiled"
        )
    module, sha256 = read_archive(path)
    schema = getattr(getattr(module, "forward", None), "schema", None)
    if schema is None:
        raise PotentialError(f"{spec}: the module has no method forward; add one")
    signature = read_signature(schema)
    contract = find_contract(signature, asked=options.contract, given=options.parameters, spec=spec)
    scales = scales_of(contract, options, spec=spec)
    program = Program(module.eval(), contract, scales, options.parameters, spec)
    return TorchScriptPotential(program, name=path.stem, sha256=sha256, backend=options.backend)
