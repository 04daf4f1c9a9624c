"""Compare a step with the matrix products in it; writes ``floor.json`` into a folder.

python scripts/benchmarks/floor.py [FOLDER]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from openmm_mlff.benchmark.rounds import Block, Participant, run_rounds
from openmm_mlff.benchmark.statistics import speedup
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.python_backend import compiled_or, own_gradient
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.storage.run_directory import write_json
from openmm_mlff.units import MEBIBYTE, nm_from_angstrom

POTENTIALS = ("student:original", "student:tiny", "student:ultra-tiny")
SYSTEMS = ("water", "benzene")
ROUNDS = 15

GEMM_SIZE = 768
"""Size of a square product that fits the caches and reaches the maximum speed."""


def floor_of_step(potential: StudentPotential, molecule: MolecularSystem) -> dict[str, Any]:
    """Compare energy and forces of a student with the matrix products they consist of.

    The student has to compute its own forces.

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
    calls = {"product": lambda: torch.mm(square, square), "model": lambda: compiled(positions)}
    steps = {"product": 5, "model": 50}
    participants = {
        name: Participant(name, {"model": block_of(call)}, {"model": steps[name]})
        for name, call in calls.items()
    }
    times = run_rounds(participants, rounds=ROUNDS)
    product, model = (times[name]["model"] for name in calls)
    flop_of_product = 2.0 * GEMM_SIZE**3
    return {
        "potential": potential.spec,
        "system": molecule.name,
        "threads": torch.get_num_threads(),
        "mflop": flop / 1e6,
        "weights_mebibytes": sum(one.nbytes for one in module.buffers()) / MEBIBYTE,
        "gemm_gflop_per_s": flop_of_product / product.median / 1e6,
        "floor_ms": product.median * flop / flop_of_product,
        "compiled_ms": model.median,
        "share": speedup(product, model).median * flop / flop_of_product,
    }


def block_of(call: Callable[[], object]) -> Block:
    """Return a block of calls, after one call that is not timed."""

    def run(steps: int) -> float:
        call()
        started = time.perf_counter()
        for _ in range(steps):
            call()
        return time.perf_counter() - started

    return run


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    folder: Path = parser.parse_args().folder
    torch.set_num_threads(1)
    rows = []
    for system in SYSTEMS:
        for potential in POTENTIALS:
            rows.append(floor_of_step(load_potential(potential), load_system(system)))
            print(rows[-1], flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "floor.json", {"rows": rows})


if __name__ == "__main__":
    main()
