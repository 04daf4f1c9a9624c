"""Measure the time per step and atom of ever larger boxes; writes ``atoms.json`` into a folder.

python scripts/benchmarks/atoms.py [FOLDER] [--potential student:ultra-tiny] [--rounds 5]
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from openmm_mlff.benchmark.blocks import Setting, Start, openmm_block
from openmm_mlff.benchmark.rounds import Participant, run_rounds
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.memory import resident_mebibytes
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.run_directory import write_json

BOX = "water_box_64"
COPIES = ((1, 1, 1), (2, 1, 1), (2, 2, 2), (3, 3, 3), (3, 4, 4), (4, 4, 4))
PLATFORM = "Reference"
THREADS = 2
WARM_UP_STEPS = 2


def repeated(box: MolecularSystem, counts: tuple[int, int, int]) -> MolecularSystem:
    """Replicate a periodic box by the number of copies along each box vector."""
    shifts = np.indices(counts).reshape(3, -1).T @ box.cell_angstrom
    return MolecularSystem(
        name=f"{box.name}_{'x'.join(map(str, counts))}",
        atomic_numbers=np.tile(box.atomic_numbers, len(shifts)),
        positions_angstrom=(box.positions_angstrom + shifts[:, None]).reshape(-1, 3),
        cell_angstrom=box.cell_angstrom * np.array(counts)[:, None],
        source=f"copies of {box.name}",
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--potential", default="student:ultra-tiny")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    potential = load_potential(arguments.potential)
    boxes = [repeated(load_system(BOX), counts) for counts in COPIES]
    participants, memory = {}, []
    for box in boxes:
        start = Start(box.positions_angstrom, np.zeros_like(box.positions_angstrom))
        setting = Setting(box, named_platform(PLATFORM))
        block = openmm_block(potential.create_system(box), setting, start)
        block(WARM_UP_STEPS)
        # Of the process, after this box and all smaller ones.
        memory.append(resident_mebibytes())
        participants[box.name] = Participant(box.name, {"openmm": block}, {"openmm": 1})
    times = run_rounds(participants, rounds=arguments.rounds)
    rows = []
    for box, resident in zip(boxes, memory, strict=True):
        ms_per_step = times[box.name]["openmm"].median
        rows.append(
            {
                "n_atoms": box.n_atoms,
                "ms_per_step": ms_per_step,
                "us_per_atom": 1e3 * ms_per_step / box.n_atoms,
                "resident_mebibytes": resident,
            }
        )
        print(rows[-1], flush=True)
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
