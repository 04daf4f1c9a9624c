"""Measure what replicas in one Context gain; writes ``replicas.json`` into a folder.

python scripts/benchmarks/replicas.py [FOLDER] [--rounds 9]

torch-sim is included if it is installed.
"""

import argparse
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from programs import TORCH_SIM, torch_sim_block

from openmm_mlff.benchmark.blocks import Setting, relaxed_start
from openmm_mlff.benchmark.entries import Timing
from openmm_mlff.benchmark.plan import COMPILED, BenchmarkPlan
from openmm_mlff.benchmark.replicas import KIND, replica_participant
from openmm_mlff.benchmark.rounds import Participant, run_rounds, warmed_up
from openmm_mlff.benchmark.statistics import per_replica, speedup
from openmm_mlff.benchmark.variants import options_of
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.run_directory import write_json

POTENTIAL = "student:original"
SYSTEMS = ("water", "benzene")
BACKENDS = ("torchforce", COMPILED)
COUNTS = (1, 4, 16, 64)
THREADS = (1, 2)
PLATFORM = "Reference"
PLAN = BenchmarkPlan(block_seconds=0.1)

Engine = tuple[str, int]
"""Name and number of replicas."""


def participants_on(system: str) -> dict[Engine, Participant]:
    """Prepare every engine with every number of replicas of a molecule."""
    setting = Setting(load_system(system), named_platform(PLATFORM), PLAN)
    found: dict[Engine, Participant] = {}
    for backend in BACKENDS:
        potential = load_potential(POTENTIAL, options=options_of(backend))
        start = relaxed_start(potential.create_system(setting.molecule), setting)
        for count in COUNTS:
            found[backend, count] = replica_participant(potential, setting, start, count=count)
    if importlib.util.find_spec("torch_sim") is not None:
        potential = load_potential(POTENTIAL)
        for count in COUNTS:
            block = torch_sim_block(potential, setting, start, replicas=count)
            found[TORCH_SIM, count] = warmed_up(TORCH_SIM, {KIND: block}, plan=PLAN)
    return found


def rows_of(times: Mapping[Engine, Timing]) -> list[dict[str, Any]]:
    """Return one row per engine and number of replicas from the times of a replica step.

    `gain` is the time of the engine's first number of replicas over this one; `faster_than` is the
    same against the other engines with as many replicas.
    """
    rows = []
    for (engine, count), here in times.items():
        gain = speedup(times[engine, COUNTS[0]], here)
        rows.append(
            {
                "engine": engine,
                "replicas": count,
                "ms_per_replica_step": here.median,
                "gain": gain.median,
                "gain_interval": [gain.p25, gain.p75],
                "faster_than": {
                    other: speedup(theirs, here).median
                    for (other, size), theirs in times.items()
                    if size == count and other != engine
                },
            }
        )
    return rows


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
            steps = run_rounds(participants_on(system), rounds=arguments.rounds)
            times = {key: per_replica(one[KIND], key[1]) for key, one in steps.items()}
            for row in rows_of(times):
                rows.append({"system": system, "threads": threads, **row})
                print(rows[-1], flush=True)
    table = {"potential": POTENTIAL, "platform": PLATFORM, "rows": rows}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_json(arguments.folder / "replicas.json", table)


if __name__ == "__main__":
    main()
