"""PyTorch modules called in Python by OpenMM: eager, or compiled ahead of time.

They run in `PythonTorchForce` where the plugin has it, otherwise in OpenMM's `PythonForce`, by
which openmm-ml runs its models. TorchScript and `TorchForce` are not needed.
"""

import logging
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from openmm_mlff.potentials.ahead import EnergyAndGradient, compile_ahead
from openmm_mlff.potentials.torch_plugin import python_torch_class
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    import openmm

logger = logging.getLogger(__name__)

_CPU = torch.device("cpu")


def python_torch_force(
    module: nn.Module,
    *,
    periodic: bool = False,
    compiled: bool = False,
    gives_forces: bool = False,
    particles: Sequence[int] | None = None,
    rows_at_once: int | None = None,
) -> "openmm.Force":
    """Return a `PythonTorchForce` or `PythonForce` that calls a PyTorch module in every step.

    Positions are passed as float64; energy and forces may have any dtype.  With `PythonTorchForce`
    a copy of the module runs on the device of OpenMM's positions, unless it is compiled.

    Args:
        module: OpenMM's contract, `forward(positions)` or `forward(positions, boxvectors)`, nm in,
            kJ/mol out.
        periodic: whether the module takes box vectors.
        compiled: compile it; the very first call then takes up to a minute.
        gives_forces: whether it returns energy and forces instead of the energy alone.
        particles: indices of its particles in a larger System; None for all.
        rows_at_once: atoms per call, for a module of any number of copies; None for all.
    """
    import openmm

    @cache
    def function_on(device: torch.device) -> EnergyAndGradient:
        placed = module if device == _CPU else deepcopy(module).to(device)
        differentiate = own_gradient(placed) if gives_forces else eager_gradient(placed)
        if compiled:
            differentiate = compiled_or(differentiate)
        return differentiate if rows_at_once is None else in_parts(differentiate, rows_at_once)

    def by_tensors(state: "openmm.State", positions: Tensor) -> tuple[Tensor, Tensor]:
        device = _CPU if compiled else positions.device
        asked = [positions.detach().to(device, torch.float64)]
        if periodic:
            asked.append(_tensor(state.getPeriodicBoxVectors(asNumpy=True)._value).to(device))
        gradient, energy = function_on(device)(*asked)
        # The plugin reads the memory of the forces.
        return energy, -gradient.contiguous()

    def by_arrays(state: "openmm.State") -> tuple[float, Any]:
        energy, forces = by_tensors(state, _tensor(state.getPositions(asNumpy=True)._value))
        return float(energy), forces.numpy()

    with_tensors = python_torch_class()
    force = with_tensors(by_tensors) if with_tensors else openmm.PythonForce(by_arrays)
    force.setUsesPeriodicBoundaryConditions(periodic)
    if particles is not None:
        force.setParticles(list(particles))
    return force


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64))


def eager_gradient(module: nn.Module) -> EnergyAndGradient:
    """Return dE/dx and E of an energy module by autograd."""

    def differentiate(positions: Tensor, *box: Tensor) -> tuple[Tensor, Tensor]:
        placed = positions.detach().requires_grad_()
        energy = module(placed, *box)
        (gradient,) = torch.autograd.grad(energy, placed)
        return gradient, energy.detach()

    return differentiate


def own_gradient(module: nn.Module) -> EnergyAndGradient:
    """Return dE/dx and E of a module that computes energy and forces."""

    def differentiate(*asked: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            energy, forces = module(*asked)
        return -forces, energy

    return differentiate


def in_parts(function: EnergyAndGradient, rows_at_once: int) -> EnergyAndGradient:
    """Call a function of non-interacting copies for some at a time: large tensors are slow."""

    def differentiate(positions: Tensor) -> tuple[Tensor, Tensor]:
        parts = [function(part) for part in positions.split(rows_at_once)]
        gradients, energies = zip(*parts, strict=True)
        return torch.cat(gradients), torch.stack(energies).sum()

    return differentiate


def compiled_or(plain: EnergyAndGradient) -> EnergyAndGradient:
    """Compile a function of positions, once for each shape and number of threads.

    If this machine cannot compile (e.g. no C++ compiler), the plain function runs and a warning is
    logged. The first call of a shape compiles.
    """
    chosen: dict[Any, EnergyAndGradient] = {}

    def differentiate(*asked: Tensor) -> tuple[Tensor, Tensor]:
        case = (*(tensor.shape for tensor in asked), torch.get_num_threads())
        if case not in chosen:
            chosen[case] = _first_that_runs(plain, asked)
        return chosen[case](*asked)

    return differentiate


def _first_that_runs(plain: EnergyAndGradient, asked: tuple[Tensor, ...]) -> EnergyAndGradient:
    """Return the compiled function if it can be compiled here, else the plain one."""
    try:
        compiled = compile_ahead(plain, *asked)
        compiled(*asked)
    # A compiler, its driver or its cache may raise anything; the plain function is equivalent.
    except Exception as error:
        reason = one_line(error)[:200]
        logger.warning(
            "the model cannot be compiled here (%s: %s); it runs uncompiled, which is slower; "
            "install a C++ compiler (g++) to compile it",
            type(error).__name__,
            reason,
        )
        return plain
    return compiled
