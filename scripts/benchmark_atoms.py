"""Measure the time of a step, an atom, on ever larger boxes; writes ``atoms.json`` into a folder.

python scripts/benchmark_atoms.py [FOLDER] [--potential student:ultra-tiny] [--rounds 5]
"""

import argparse
import os
from pathlib import Path

# Torch's own switch, read once: large tensors then fault in pages of 2 MiB, not of 4 KiB.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

import torch

from openmm_mlff.benchmark.atoms import measure_atoms, repeated
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import write_json
from openmm_mlff.simulation.platforms import named_platform

BOX = "water_box_64"
COPIES = ((1, 1, 1), (2, 1, 1), (2, 2, 2), (3, 3, 3), (3, 4, 4), (4, 4, 4))
PLATFORM = "Reference"
THREADS = 2


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--potential", default="student:ultra-tiny")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    box = load_system(BOX)
    rows = measure_atoms(
        load_potential(arguments.potential),
        [repeated(box, counts) for counts in COPIES],
        platform=named_platform(PLATFORM),
        rounds=arguments.rounds,
    )
    for row in rows:
        print(row, flush=True)
    table = {
        "potential": arguments.potential,
        "box": BOX,
        "platform": PLATFORM,
        "threads": THREADS,
        "rows": rows,
    }
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_json(arguments.folder / "atoms.json", table)


if __name__ == "__main__":
    main()
