"""Measure what replicas in one Context gain; writes ``replicas.json`` into a folder.

python scripts/benchmark_replicas.py [FOLDER] [--rounds 9]
"""

import argparse
from pathlib import Path

import torch

from openmm_mlff.benchmark.replicas import measure_replicas
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import write_json
from openmm_mlff.simulation.platforms import named_platform

POTENTIAL = "student:original"
SYSTEMS = ("water", "benzene")
COUNTS = (1, 4, 16, 64)
THREADS = (1, 2)
PLATFORM = "Reference"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    rows = []
    for threads in THREADS:
        torch.set_num_threads(threads)
        for system in SYSTEMS:
            found = measure_replicas(
                load_potential(POTENTIAL),
                load_system(system),
                counts=COUNTS,
                platform=named_platform(PLATFORM),
                rounds=arguments.rounds,
            )
            rows += [{"system": system, "threads": threads, **row} for row in found]
            for row in rows[-len(COUNTS) :]:
                print(row, flush=True)
    table = {"potential": POTENTIAL, "platform": PLATFORM, "rows": rows}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_json(arguments.folder / "replicas.json", table)


if __name__ == "__main__":
    main()
