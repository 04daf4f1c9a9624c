"""PyTorch modules through `openmm.PythonForce`: eager, or compiled ahead of time.

openmm-ml runs its models in this way; TorchScript and `TorchForce` are not needed.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from openmm_mlff.potentials.ahead import EnergyAndGradient, compile_ahead

if TYPE_CHECKING:
    import openmm

logger = logging.getLogger(__name__)


def python_torch_force(
    module: nn.Module,
    *,
    periodic: bool = False,
    compiled: bool = False,
    gives_forces: bool = False,
    particles: Sequence[int] | None = None,
    rows_at_once: int | None = None,
) -> "openmm.Force":
    """Let OpenMM ask a PyTorch module at every step.

    Positions are handed over as float64, and energy and forces are taken back as they come.

    Args:
        module: OpenMM's contract, `forward(positions)` or `forward(positions, boxvectors)`, nm in,
            kJ/mol out.
        periodic: whether the module takes box vectors.
        compiled: compile it; the first call of all then takes a minute or less.
        gives_forces: whether it gives energy and forces, not the energy alone.
        particles: which particles of a larger System it is shown; None for all.
        rows_at_once: atoms that one call is shown, for a module of any number of copies; None
            for all.

    Returns:
        A `PythonForce`.
    """
    import openmm

    differentiate = own_gradient(module) if gives_forces else eager_gradient(module)
    if compiled:
        differentiate = compiled_or(differentiate)
    if rows_at_once is not None:
        differentiate = in_parts(differentiate, rows_at_once)

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


def in_parts(function: EnergyAndGradient, rows_at_once: int) -> EnergyAndGradient:
    """Call a function part by part, where large temporary tables cost more than calls.

    Args:
        function: gives dE/dx and E of any number of copies that do not see each other.
        rows_at_once: atoms of whole copies that one call is shown.

    Returns:
        The gradient of all, and the sum of the energies.
    """

    def differentiate(positions: Tensor) -> tuple[Tensor, Tensor]:
        parts = [function(part) for part in positions.split(rows_at_once)]
        gradients, energies = zip(*parts, strict=True)
        return torch.cat(gradients), torch.stack(energies).sum()

    return differentiate


def compiled_or(plain: EnergyAndGradient) -> EnergyAndGradient:
    """Compile a function of positions, once for each shape and number of threads.

    Where this machine cannot compile (no C++ compiler, say), the plain function runs and the log
    says so.

    Args:
        plain: gives dE/dx and E.

    Returns:
        Gives dE/dx and E; the first call of a shape compiles.
    """
    chosen: dict[Any, EnergyAndGradient] = {}

    def differentiate(*asked: Tensor) -> tuple[Tensor, Tensor]:
        case = (*(tensor.shape for tensor in asked), torch.get_num_threads())
        if case not in chosen:
            chosen[case] = _first_that_runs(plain, asked)
        return chosen[case](*asked)

    return differentiate


def _first_that_runs(plain: EnergyAndGradient, asked: tuple[Tensor, ...]) -> EnergyAndGradient:
    """Give the compiled function if it can be compiled here, else the plain one."""
    try:
        compiled = compile_ahead(plain, *asked)
        compiled(*asked)
    # Whatever a compiler, its driver or its cache may raise; the plain function says the same.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        logger.warning(
            "the model cannot be compiled here (%s: %s); it runs uncompiled instead, slower; "
            "install a C++ compiler (g++) to have it compiled",
            type(error).__name__,
            reason,
        )
        return plain
    return compiled
