"""Measure the time per step and atom of ever larger boxes; writes ``atoms.json`` into a folder.

python scripts/benchmarks/atoms.py [FOLDER] [--rounds 5]
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from openmm_mlff.benchmark.blocks import Setting, Start, openmm_block
from openmm_mlff.benchmark.rounds import Participant, run_rounds
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.options import Backend, PotentialOptions
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.simulation.record import resident_mebibytes
from openmm_mlff.storage.run_directory import write_json

BOX = "water_box_64"
COPIES = ((1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4))
MEASURED: tuple[tuple[str, Backend], ...] = (
    ("student:ultra-tiny", "torchforce"),
    ("student:ultra-tiny", "torchforce-plain"),
    ("student:water", "torchforce"),
    ("student:original", "torchforce"),
)
PLATFORM = "Reference"
THREADS = 1
WARM_UP_STEPS = 4


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


def measured(spec: str, backend: Backend, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each box, of a process in which nothing else was measured."""
    torch.set_num_threads(THREADS)
    potential = load_potential(spec, options=PotentialOptions(backend=backend))
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
    times = run_rounds(participants, rounds=rounds)
    rows = []
    for box, resident in zip(boxes, memory, strict=True):
        ms_per_step = times[box.name]["openmm"].median
        row = {
            "potential": spec,
            "backend": backend,
            "n_atoms": box.n_atoms,
            "ms_per_step": ms_per_step,
            "us_per_atom": 1e3 * ms_per_step / box.n_atoms,
            "resident_mebibytes": resident,
        }
        print(row, flush=True)
        rows.append(row)
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    for spec, backend in MEASURED:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            rows += process.submit(measured, spec, backend, arguments.rounds).result()
    table = {"box": BOX, "platform": PLATFORM, "threads": THREADS, "rows": rows}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_json(arguments.folder / "atoms.json", table)


if __name__ == "__main__":
    main()
