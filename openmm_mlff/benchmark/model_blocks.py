"""Calls of the model alone: the module that OpenMM runs, or the ASE calculator."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from ase.calculators.calculator import BaseCalculator

from openmm_mlff.benchmark.blocks import Setting, Start
from openmm_mlff.benchmark.plan import COMPILED
from openmm_mlff.benchmark.rounds import Block
from openmm_mlff.benchmark.variants import Variant
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.python_backend import compiled_or, eager_gradient, own_gradient
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.potentials.torch_plugin import import_openmmtorch, python_torch_class
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.units import nm_from_angstrom

Call = Callable[..., object]
"""Energy and forces of one geometry, (N, 3), nm, and a box if there is one."""

ASE_CALL = "ASE calculator"
_GEOMETRIES = 8
_DISTORTION_ANGSTROM = 0.02


def model_block(variant: Variant, setting: Setting, start: Start) -> tuple[Block, str]:
    """Return a block of evaluations of energy and forces by the model alone, and its description.

    TorchScript is called as the module in its `TorchForce`, a student in Python as
    OpenMM calls it, any other potential as its ASE calculator. Calls alternate between
    slightly distorted geometries, so that a calculator that starts from its last result gains no
    more than in dynamics.
    """
    potential = variant.potential
    geometries = distorted(setting, start)
    device = device_of(variant, setting)
    if variant.backend.startswith("torchforce"):
        call = _script_call(variant, setting)
        if call is not None:
            return _tensor_block(call, setting, geometries, device=device), "TorchScript module"
    elif variant.backend.startswith("python") and isinstance(potential, StudentPotential):
        compiled = variant.backend == COMPILED
        module: Any = potential.deployed(setting.molecule, precision=setting.precision).to(device)
        own = potential.gives_forces(setting.molecule)
        plain = own_gradient(module) if own else eager_gradient(module)
        call = compiled_or(plain) if compiled else plain
        name = "compiled PyTorch module" if compiled else "PyTorch module"
        return _tensor_block(call, setting, geometries, device=device), name
    calculator = potential.ase_calculator(precision=setting.precision, device=device)
    return calculator_block(calculator, setting.molecule, geometries), ASE_CALL


def device_of(variant: Variant, setting: Setting) -> str:
    """Return the torch device of a model alone.

    `PythonForce` and compiled models use the CPU, `PythonTorchForce` the device of OpenMM.
    """
    if variant.backend.startswith("python"):
        is_student = isinstance(variant.potential, StudentPotential)
        on_gpu = is_student and variant.backend != COMPILED and python_torch_class() is not None
    else:
        on_gpu = True
    return "cuda" if on_gpu and setting.platform.name == "CUDA" else "cpu"


def distorted(setting: Setting, start: Start) -> FloatArray:
    """Return slightly distorted copies of the initial geometry, (G, N, 3), Å."""
    rng = np.random.default_rng(setting.plan.seed)
    shape = (_GEOMETRIES, *start.positions_angstrom.shape)
    return start.positions_angstrom + rng.normal(scale=_DISTORTION_ANGSTROM, size=shape)


def _script_call(variant: Variant, setting: Setting) -> Call | None:
    """Return the module of a `TorchForce`, called as by the plugin.

    Returns:
        None if it needs inputs other than positions and a box.
    """
    (force,) = variant.potential.create_forces(setting.molecule, precision=setting.precision)
    if not isinstance(force, import_openmmtorch().TorchForce) or force.getNumGlobalParameters():
        return None
    # The plugin freezes the module on its device.
    module: Any = torch.jit.freeze(force.getModule().eval().to(device_of(variant, setting)))
    if force.getOutputsForces():
        return module

    def with_gradient(placed: torch.Tensor, *box: torch.Tensor) -> object:
        positions = placed.clone().requires_grad_()
        return torch.autograd.grad(module(positions, *box), positions)

    return with_gradient


def _tensor_block(
    call: Call, setting: Setting, geometries_angstrom: FloatArray, *, device: str
) -> Block:
    """Return a block of calls with tensors of OpenMM's units."""
    # OpenMM passes positions in double, on CUDA in single unless its precision is double.
    dtype = weights_dtype(setting.precision) if device == "cuda" else torch.float64
    placed_nm = torch.tensor(nm_from_angstrom(geometries_angstrom), dtype=dtype, device=device)
    cell = setting.molecule.cell_angstrom
    vectors = () if cell is None else (openmm_box_nm(cell),)
    box = tuple(torch.tensor(one, dtype=dtype, device=device) for one in vectors)

    def run(steps: int) -> float:
        started = time.perf_counter()
        for step in range(steps):
            call(placed_nm[step % len(placed_nm)], *box)
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
