"""Measure what replicas in one Context gain; writes ``replicas.json`` into a folder.

python scripts/benchmark_replicas.py [FOLDER] [--rounds 9]

torch-sim is included if it is installed.
"""

import argparse
import os
from pathlib import Path

# As the command line does: large tensors then fault in pages of 2 MiB, not of 4 KiB.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

import torch

from openmm_mlff.benchmark.optional import TORCH_SIM, what_is_missing
from openmm_mlff.benchmark.plan import COMPILED
from openmm_mlff.benchmark.replicas import (
    Engine,
    measure_replicas,
    openmm_engine,
    torch_sim_engine,
)
from openmm_mlff.benchmark.variants import options_of
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import write_json
from openmm_mlff.simulation.platforms import named_platform

POTENTIAL = "student:original"
SYSTEMS = ("water", "benzene")
BACKENDS = ("torchforce", COMPILED)
COUNTS = (1, 4, 16, 64)
THREADS = (1, 2)
PLATFORM = "Reference"


def engines_for(system: str) -> dict[str, Engine]:
    """Return the engines that can step replicas of a molecule."""
    molecule = load_system(system)
    engines = {
        backend: openmm_engine(
            load_potential(POTENTIAL, options=options_of(backend)),
            molecule,
            platform=named_platform(PLATFORM),
        )
        for backend in BACKENDS
    }
    if not what_is_missing(TORCH_SIM):
        engines[TORCH_SIM] = torch_sim_engine(load_potential(POTENTIAL), molecule)
    return engines


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    rows = []
    for threads in THREADS:
        torch.set_num_threads(threads)
        for system in SYSTEMS:
            found = measure_replicas(engines_for(system), counts=COUNTS, rounds=arguments.rounds)
            rows += [{"system": system, "threads": threads, **row} for row in found]
            for row in found:
                print(system, threads, row, flush=True)
    table = {"potential": POTENTIAL, "platform": PLATFORM, "rows": rows}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_json(arguments.folder / "replicas.json", table)


if __name__ == "__main__":
    main()
