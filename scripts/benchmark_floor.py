"""Compare a step with the matrix products in it; writes ``floor.json`` into a folder.

python scripts/benchmark_floor.py [FOLDER]
"""

import argparse
from pathlib import Path

import torch

from openmm_mlff.benchmark.floor import floor_of_step
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import write_json

POTENTIALS = ("student:original", "student:tiny", "student:ultra-tiny")
SYSTEMS = ("water", "benzene")


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
