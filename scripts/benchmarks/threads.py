"""Find the fastest number of threads for OpenMM steps of a model on each system.

python scripts/benchmarks/threads.py POTENTIAL [--system water] [--platform Reference]
"""

import argparse
from dataclasses import replace

import openmm
import torch

from openmm_mlff.benchmark.blocks import Setting, openmm_block, thermal_start
from openmm_mlff.benchmark.rounds import Block, Participant, run_rounds
from openmm_mlff.isolation.cores import usable_cores
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation import named_platform

ROUNDS = 4
STEPS = 10


def fastest_ms_per_step(system: openmm.System, setting: Setting) -> dict[int, float]:
    """Return the time per step with one thread and with all cores, by number of threads.

    The minimum of several rounds counts, because other load only increases times.
    """
    numbers = sorted({1, usable_cores() or 1})
    trials = {
        str(number): Participant(
            f"{number} threads",
            {"openmm": block_with_threads(system, setting, number)},
            {"openmm": STEPS},
        )
        for number in numbers
    }
    times = run_rounds(trials, rounds=ROUNDS)
    return {number: min(times[str(number)]["openmm"].blocks) for number in numbers}


def block_with_threads(system: openmm.System, setting: Setting, threads: int) -> Block:
    """Return a block of steps with a number of threads of torch and of the CPU platform."""
    platform = setting.platform
    if platform.name == "CPU":
        platform = replace(platform, properties={**platform.properties, "Threads": str(threads)})
    start = thermal_start(setting, setting.molecule.positions_angstrom)
    block = openmm_block(system, replace(setting, platform=platform), start)

    def run(steps: int) -> float:
        torch.set_num_threads(threads)
        return block(steps)

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("potential")
    parser.add_argument("--system", action="append")
    parser.add_argument("--platform", default="Reference")
    asked = parser.parse_args()
    potential = load_potential(asked.potential)
    for name in asked.system or ["water"]:
        setting = Setting(load_system(name), named_platform(asked.platform))
        found = fastest_ms_per_step(potential.create_system(setting.molecule), setting)
        best = min(found, key=lambda number: found[number])
        print(f"{name}: {best} threads are fastest; ms/step by threads: {found}", flush=True)


if __name__ == "__main__":
    main()
