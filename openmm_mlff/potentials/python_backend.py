"""PyTorch modules through `openmm.PythonForce`: eager, or through `torch.compile`.

openmm-ml runs its models in this way; TorchScript and `TorchForce` are not needed.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import openmm

logger = logging.getLogger(__name__)

EnergyAndGradient = Callable[..., tuple[Tensor, Tensor]]
"""From positions (N, 3), and a box (3, 3) where there is one, to dE/dx (N, 3) and E."""


def python_torch_force(
    module: nn.Module,
    *,
    periodic: bool = False,
    compiled: bool = False,
    gives_forces: bool = False,
    particles: Sequence[int] | None = None,
) -> "openmm.Force":
    """Let OpenMM ask a PyTorch module at every step.

    Positions are handed over as float64, and energy and forces are taken back as they come.

    Args:
        module: OpenMM's contract, `forward(positions)` or `forward(positions, boxvectors)`, nm in,
            kJ/mol out.
        periodic: whether the module takes box vectors.
        compiled: run it through `torch.compile`; the first call then takes a minute or less.
        gives_forces: whether it gives energy and forces, not the energy alone.
        particles: which particles of a larger System it is shown; None for all.

    Returns:
        A `PythonForce`.
    """
    import openmm

    if gives_forces:
        plain = own_gradient(module)
        compilable: Any = module
    else:
        plain = eager_gradient(module)
        compilable = torch.func.grad_and_value(module)
    differentiate = compiled_or(plain, compilable) if compiled else plain

    def compute(state: "openmm.State") -> tuple[float, Any]:
        asked = [_tensor(state.getPositions(asNumpy=True)._value)]
        if periodic:
            asked.append(_tensor(state.getPeriodicBoxVectors(asNumpy=True)._value))
        gradient, energy = differentiate(*asked)
        return float(energy), -gradient.numpy()

    force = openmm.PythonForce(compute)
    force.setUsesPeriodicBoundaryConditions(periodic)
    if particles is not None:
        force.setParticles(list(particles))
    return force


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64))


def eager_gradient(module: nn.Module) -> EnergyAndGradient:
    """Differentiate a module with respect to positions, operation by operation.

    Args:
        module: energy of positions, and of a box.

    Returns:
        Gives dE/dx and E.
    """

    def differentiate(positions: Tensor, *box: Tensor) -> tuple[Tensor, Tensor]:
        placed = positions.detach().requires_grad_()
        energy = module(placed, *box)
        (gradient,) = torch.autograd.grad(energy, placed)
        return gradient, energy.detach()

    return differentiate


def own_gradient(module: nn.Module) -> EnergyAndGradient:
    """Take the forces that a module gives.

    Args:
        module: energy and forces of positions.

    Returns:
        Gives dE/dx and E.
    """

    def differentiate(*asked: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            energy, forces = module(*asked)
        return -forces, energy

    return differentiate


def compiled_or(plain: EnergyAndGradient, function: Any) -> EnergyAndGradient:
    """Compile a function of positions of one fixed shape.

    Where this machine cannot compile (no C++ compiler, say), the plain function runs and the log
    says so.

    Args:
        plain: gives dE/dx and E.
        function: what is compiled: the same, or a module that gives energy and forces.

    Returns:
        Gives dE/dx and E; the first call compiles.
    """
    compiled: Any = torch.compile(function, dynamic=False)
    if isinstance(function, nn.Module):
        compiled = own_gradient(compiled)
    chosen: list[EnergyAndGradient] = []

    def differentiate(*asked: Tensor) -> tuple[Tensor, Tensor]:
        if not chosen:
            chosen.append(_first_that_runs(compiled, plain, asked))
        gradient, energy = chosen[0](*asked)
        return gradient.detach(), energy.detach()

    return differentiate


def _first_that_runs(
    compiled: EnergyAndGradient, eager: EnergyAndGradient, asked: tuple[Tensor, ...]
) -> EnergyAndGradient:
    """Give the compiled function if it can be compiled here, else the eager one."""
    try:
        compiled(*asked)
    # Whatever a compiler, its driver or its cache may raise; the eager function says the same.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        logger.warning(
            "torch.compile does not work here (%s: %s); the eager model runs instead, slower; "
            "install a C++ compiler (g++) to have it compiled",
            type(error).__name__,
            reason,
        )
        return eager
    return compiled
