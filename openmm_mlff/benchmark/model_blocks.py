"""Calls of the model alone: the module that OpenMM runs, or the ASE calculator."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from ase.calculators.calculator import BaseCalculator

from openmm_mlff.benchmark.blocks import Block, Start
from openmm_mlff.benchmark.plan import COMPILED
from openmm_mlff.benchmark.variants import Variant
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.ahead import EnergyAndGradient
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.python_backend import compiled_or, eager_gradient, own_gradient
from openmm_mlff.potentials.student import StudentPotential, import_openmmtorch, weights_dtype
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.units import nm_from_angstrom

Call = Callable[[torch.Tensor], object]
"""Energy and forces of one geometry, (N, 3), nm."""

ASE_CALL = "ASE calculator"
_GEOMETRIES = 8
_DISTORTION_ANGSTROM = 0.02


def model_block(
    variant: Variant,
    molecule: MolecularSystem,
    *,
    start: Start,
    precision: str,
    device: str,
    seed: int,
) -> tuple[Block, str]:
    """Return a block of evaluations of energy and forces by the model alone, and its description.

    TorchScript is called as the module in its `TorchForce`, a student in Python as its
    `PythonForce` calls it, any other potential as its ASE calculator. Calls alternate between
    slightly distorted geometries, so that a calculator that starts from its last result gains no
    more than in dynamics.
    """
    potential = variant.potential
    geometries = distorted(start, seed=seed)
    box_nm = () if molecule.cell_angstrom is None else (openmm_box_nm(molecule.cell_angstrom),)
    if variant.backend.startswith("torchforce"):
        # OpenMM passes positions in double, on CUDA in single unless its precision is double.
        dtype = weights_dtype(precision) if device == "cuda" else torch.float64
        box = tuple(torch.tensor(one, dtype=dtype, device=device) for one in box_nm)
        call = _script_call(potential, molecule, precision=precision, device=device, box=box)
        if call is not None:
            placed_nm = torch.tensor(nm_from_angstrom(geometries), dtype=dtype, device=device)
            return _tensor_block(call, placed_nm), "TorchScript module"
    elif variant.backend.startswith("python") and isinstance(potential, StudentPotential):
        compiled = variant.backend == COMPILED
        differentiate = _python_call(potential, molecule, precision=precision, compiled=compiled)
        fixed = tuple(torch.tensor(one) for one in box_nm)
        placed_nm = torch.tensor(nm_from_angstrom(geometries))
        name = "compiled PyTorch module" if compiled else "PyTorch module"
        return _tensor_block(lambda placed: differentiate(placed, *fixed), placed_nm), name
    calculator = potential.ase_calculator(precision=precision, device=device)
    return calculator_block(calculator, molecule, geometries), ASE_CALL


def distorted(start: Start, *, seed: int) -> FloatArray:
    """Return slightly distorted copies of a geometry, (G, N, 3), Å."""
    rng = np.random.default_rng(seed)
    shape = (_GEOMETRIES, *start.positions_angstrom.shape)
    return start.positions_angstrom + rng.normal(scale=_DISTORTION_ANGSTROM, size=shape)


def _python_call(
    potential: StudentPotential, molecule: MolecularSystem, *, precision: str, compiled: bool
) -> EnergyAndGradient:
    """Return the function that the student's `PythonForce` calls."""
    module: Any = potential.deployed(molecule, precision=precision)
    own = potential.gives_forces(molecule)
    plain = own_gradient(module) if own else eager_gradient(module)
    return compiled_or(plain) if compiled else plain


def _script_call(
    potential: Potential,
    molecule: MolecularSystem,
    *,
    precision: str,
    device: str,
    box: tuple[torch.Tensor, ...],
) -> Call | None:
    """Return the module of a `TorchForce`, called as by the plugin.

    Returns:
        None if it needs inputs other than positions and a box.
    """
    (force,) = potential.create_forces(molecule, precision=precision)
    if not isinstance(force, import_openmmtorch().TorchForce) or force.getNumGlobalParameters():
        return None
    # The plugin freezes the module on its device.
    module = torch.jit.freeze(force.getModule().eval().to(device))
    if force.getOutputsForces():
        return lambda placed: module(placed, *box)

    def with_gradient(placed: torch.Tensor) -> object:
        positions = placed.clone().requires_grad_()
        return torch.autograd.grad(module(positions, *box), positions)

    return with_gradient


def _tensor_block(call: Call, placed_nm: torch.Tensor) -> Block:
    def run(steps: int) -> float:
        started = time.perf_counter()
        for step in range(steps):
            call(placed_nm[step % len(placed_nm)])
        if placed_nm.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - started

    return run


def calculator_block(
    calculator: BaseCalculator, molecule: MolecularSystem, geometries_angstrom: FloatArray
) -> Block:
    """Return a block of calls of an ASE calculator; geometries are (G, N, 3)."""
    atoms = molecule.to_ase()
    atoms.calc = calculator

    def run(steps: int) -> float:
        started = time.perf_counter()
        for step in range(steps):
            atoms.positions = geometries_angstrom[step % len(geometries_angstrom)]
            atoms.get_potential_energy()
            atoms.get_forces()
        return time.perf_counter() - started

    return run
