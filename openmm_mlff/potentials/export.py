"""Export checkpoints to TorchScript; a file is written only if it reproduces the model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from openmm_mlff import units
from openmm_mlff.errors import ConfigError, ExportError, RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.storage.files import replacing

FORCE_TOLERANCE_EV_PER_ANGSTROM = {torch.float32: 1e-4, torch.float64: 1e-8}
ENERGY_TOLERANCE_EV_PER_ATOM = 1e-4


@dataclass(frozen=True)
class ExportRecord:
    """Deviation of an export from the eager model on distorted geometries.

    Attributes:
        contract: ``forward(positions)`` or ``forward(atomic_numbers, positions)``.
        energy_error_ev_per_atom: largest error.
        force_error_ev_per_angstrom: largest error of a component.
        geometries: number of geometries compared, over all molecules.
    """

    path: Path
    contract: str
    energy_error_ev_per_atom: float
    force_error_ev_per_angstrom: float
    geometries: int


def call_fixed(
    module: torch.nn.Module,
    positions_angstrom: np.ndarray,
    *,
    cell_angstrom: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Return energy, eV, and forces, (N, 3), eV/Å, of a module of OpenMM's contract.

    The module is `forward(positions)` or `forward(positions, boxvectors)`, nm in, kJ/mol out, and
    may return forces besides the energy. The cell is (3, 3), for modules with a box.
    """
    placed = torch.tensor(units.nm_from_angstrom(positions_angstrom), requires_grad=True)
    box = [] if cell_angstrom is None else [torch.tensor(units.nm_from_angstrom(cell_angstrom))]
    energy, forces = _energy_and_forces(module(placed, *box), placed)
    return units.ev_from_kj_per_mol(energy), units.ev_per_angstrom_from_kj_per_mol_nm(forces)


def call_free(
    module: torch.nn.Module, atomic_numbers: np.ndarray, positions_angstrom: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return energy, eV, and forces, (N, 3), eV/Å, of `forward(atomic_numbers, positions)`."""
    placed = torch.tensor(np.array(positions_angstrom), requires_grad=True)
    return _energy_and_forces(module(torch.from_numpy(np.array(atomic_numbers)), placed), placed)


def _energy_and_forces(
    found: Tensor | tuple[Tensor, Tensor], placed: Tensor
) -> tuple[float, np.ndarray]:
    """Return the result of a module with its forces, or else the negative gradient."""
    if isinstance(found, tuple):
        return float(found[0].detach()), found[1].detach().numpy()
    (gradient,) = torch.autograd.grad(found, placed)
    return float(found.detach()), -gradient.numpy()


def export_student(
    potential: StudentPotential,
    output: Path,
    *,
    molecules: list[MolecularSystem],
    fixed: MolecularSystem | None = None,
    with_forces: bool = False,
    precision: str = "mixed",
) -> ExportRecord:
    """Export a student, compare it with the eager model, then write it.

    Args:
        potential: the student.
        output: file to write, ``.pt``.
        molecules: molecules for the comparison, at least one if the composition is free.
        fixed: a molecule whose atoms are built in; None for any composition.
        with_forces: with a fixed molecule: return energy and forces, for
            ``TorchForce.setOutputsForces(True)``, which is several times faster.
        precision: ``single`` and ``mixed`` export float32 weights, ``double`` float64.

    Raises:
        ExportError: the exported module does not reproduce the model; nothing is written.
        ConfigError: there is no molecule to compare on, or forces are requested from a student or
            contract without them.
        RunDirectoryError: the file cannot be written.
    """
    if fixed is None and not molecules:
        raise ConfigError("no molecule was given on which to compare the export; give at least one")
    if with_forces and (fixed is None or not potential.gives_forces(fixed)):
        raise ConfigError(
            "forces can only be exported from a student of this project's architecture with a "
            "molecule built in; name the molecule with --system, or leave out --with-forces"
        )
    if fixed is None:
        module = potential.script_free(precision=precision)
        contract = "forward(atomic_numbers, positions): Å in, eV out"
    else:
        build = potential.deployed if with_forces else potential.module
        module = torch.jit.script(build(fixed, precision=precision))
        given = "energy and forces, " if with_forces else ""
        contract = f"forward(positions): {given}nm in, kJ/mol out, {fixed.formula} inside"
    errors = [
        _errors(potential, module, molecule, free=fixed is None, precision=precision)
        for molecule in ([fixed] if fixed else molecules)
    ]
    energy_error, force_error = (float(value) for value in np.concatenate(errors).max(axis=0))
    tolerance = FORCE_TOLERANCE_EV_PER_ANGSTROM[weights_dtype(precision)]
    if not (force_error <= tolerance and energy_error <= ENERGY_TOLERANCE_EV_PER_ATOM):
        raise ExportError(
            f"the exported module differs from the model by {force_error:.2e} eV/Å (allowed "
            f"{tolerance:.0e}) and {energy_error:.2e} eV/atom (allowed "
            f"{ENERGY_TOLERANCE_EV_PER_ATOM:.0e}); nothing was written"
        )
    try:
        with replacing(output) as file:
            file.write(module.save_to_buffer())
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write {output} ({error.strerror}); choose a file in a writable folder"
        ) from error
    return ExportRecord(output, contract, energy_error, force_error, sum(map(len, errors)))


def _errors(
    potential: StudentPotential,
    module: torch.jit.ScriptModule,
    molecule: MolecularSystem,
    *,
    free: bool,
    precision: str,
) -> np.ndarray:
    """Compare eager and exported model twice: first and later calls run on different graphs.

    Return energy error, eV/atom, and force error, eV/Å, (calls, 2), possibly nan.
    """
    moves = np.random.default_rng(1).normal(scale=0.05, size=(5, molecule.n_atoms, 3))
    positions = molecule.positions_angstrom + moves
    eager = potential.evaluate(molecule, positions, precision=precision)
    errors = []
    for index, placed in [*enumerate(positions)] * 2:
        energy, forces = (
            call_free(module, molecule.atomic_numbers, placed)
            if free
            else call_fixed(module, placed, cell_angstrom=molecule.cell_angstrom)
        )
        energy_error = abs(energy - eager.energies_ev[index]) / molecule.n_atoms
        errors.append((energy_error, np.abs(forces - eager.forces_ev_per_angstrom[index]).max()))
    return np.array(errors)
