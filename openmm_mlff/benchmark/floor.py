"""Lower bound for the time of a step: its matrix products at the speed of this machine."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.python_backend import compiled_or, own_gradient
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.units import MEBIBYTE, nm_from_angstrom

GEMM_SIZE = 768
"""Size of a square product that fits the caches and reaches the maximum speed."""


def floor_of_step(
    potential: StudentPotential, molecule: MolecularSystem, *, rounds: int = 15
) -> Mapping[str, Any]:
    """Compare energy and forces of a student with the matrix products they consist of.

    The student has to compute its own forces. Matrix product and model alternate in ``rounds``.

    Returns:
        `mflop` of matrix products in one call, forward and backward; `weights_mebibytes` that it
            reads; `gemm_gflop_per_s` of a large product on as many threads as torch uses;
            `floor_ms`, the products at that speed; `compiled_ms`, the compiled model; `share`,
            floor over compiled, the median over the rounds.
    """
    module: Any = potential.deployed(molecule)
    positions = torch.tensor(nm_from_angstrom(molecule.positions_angstrom))
    function = own_gradient(module)
    with FlopCounterMode(display=False) as counter:
        function(positions)
    flop = counter.get_total_flops()
    compiled = compiled_or(function)
    square = torch.rand(GEMM_SIZE, GEMM_SIZE)
    gemm_s, model_s = [], []
    for _ in range(rounds):
        gemm_s.append(_time(lambda: torch.mm(square, square), calls=5))
        model_s.append(_time(lambda: compiled(positions), calls=50))
    rates = 2.0 * GEMM_SIZE**3 / np.array(gemm_s)
    floors_s = flop / rates
    return {
        "potential": potential.spec,
        "system": molecule.name,
        "threads": torch.get_num_threads(),
        "mflop": flop / 1e6,
        "weights_mebibytes": sum(one.nbytes for one in module.buffers()) / MEBIBYTE,
        "gemm_gflop_per_s": float(np.median(rates) / 1e9),
        "floor_ms": float(1e3 * np.median(floors_s)),
        "compiled_ms": float(1e3 * np.median(model_s)),
        "share": float(np.median(floors_s / np.array(model_s))),
    }


def _time(call: Callable[[], object], *, calls: int) -> float:
    """Return the mean time of a call, s, after one call that is not timed."""
    call()
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls
