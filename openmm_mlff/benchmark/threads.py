"""Number of threads for a system: one or all cores, whichever is faster."""

from dataclasses import replace

import openmm
import torch

from openmm_mlff.benchmark.blocks import Setting, openmm_block, thermal_start
from openmm_mlff.benchmark.rounds import Block, Participant, run_rounds
from openmm_mlff.simulation.environment import usable_cores

TRIAL_ROUNDS = 4
TRIAL_STEPS = 10


def with_threads(setting: Setting, threads: int) -> Setting:
    """Set the number of threads, also that of the CPU platform."""
    platform = setting.platform
    if platform.name == "CPU":
        platform = replace(platform, properties={**platform.properties, "Threads": str(threads)})
    return replace(setting, platform=platform, threads=threads)


def fastest_threads(system: openmm.System, setting: Setting) -> int:
    """Return one thread or all cores, the smaller number if both are equally fast.

    The minimum of several rounds counts, because other load only increases times.
    """
    numbers = sorted({1, usable_cores() or 1})
    if len(numbers) == 1:
        return numbers[0]
    trials = {
        str(number): Participant(
            f"{number} threads",
            {"openmm": _block(system, setting, number)},
            {"openmm": TRIAL_STEPS},
        )
        for number in numbers
    }
    times = run_rounds(trials, rounds=TRIAL_ROUNDS)
    return min(numbers, key=lambda number: min(times[str(number)]["openmm"].blocks))


def _block(system: openmm.System, setting: Setting, threads: int) -> Block:
    """Return a block of steps with a number of threads, which stays set."""
    start = thermal_start(setting, setting.molecule.positions_angstrom)
    block = openmm_block(system, with_threads(setting, threads), start)

    def run(steps: int) -> float:
        torch.set_num_threads(threads)
        return block(steps)

    return run
