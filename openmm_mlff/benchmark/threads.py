"""Number of threads for a system: one or all cores, whichever is faster."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import openmm
import torch

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation import PlatformChoice, make_simulation
from openmm_mlff.simulation.environment import usable_cores
from openmm_mlff.units import ps_from_fs

TRIAL_ROUNDS = 4
TRIAL_STEPS = 10


def choose_threads(
    candidates: Sequence[int],
    measure: Callable[[int], float],
    *,
    rounds: int = TRIAL_ROUNDS,
) -> int:
    """Return the fastest number of threads, the smallest if several are equal.

    All are measured in turn for several rounds, and the minimum of each counts, because other load
    only increases times. ``measure`` returns the time per step in any unit.

    Raises:
        ValueError: no candidates.
    """
    numbers = sorted(set(candidates))
    if not numbers:
        raise ValueError("expected at least one number of threads, got none")
    if len(numbers) == 1:
        return numbers[0]
    best = dict.fromkeys(numbers, float("inf"))
    for _ in range(rounds):
        for number in numbers:
            best[number] = min(best[number], measure(number))
    return min(numbers, key=lambda number: best[number])


def thread_candidates() -> tuple[int, ...]:
    """Return the numbers to measure: one, and the cores that this process may use."""
    return tuple(sorted({1, usable_cores() or 1}))


def with_threads(platform: PlatformChoice, threads: int) -> PlatformChoice:
    """Set the number of threads of the CPU platform; other platforms are unchanged."""
    if platform.name != "CPU":
        return platform
    return replace(platform, properties={**platform.properties, "Threads": str(threads)})


def step_timer(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    timestep_fs: float,
) -> Callable[[int], float]:
    """Return a function from a number of threads to seconds per OpenMM step.

    It leaves torch with that number of threads.
    """
    contexts: dict[int, openmm.Context] = {}

    def measure(threads: int) -> float:
        torch.set_num_threads(threads)
        if threads not in contexts:
            contexts[threads] = make_simulation(
                system,
                molecule,
                openmm.VerletIntegrator(ps_from_fs(timestep_fs)),
                platform=with_threads(platform, threads),
                positions_angstrom=molecule.positions_angstrom,
            ).context
        context = contexts[threads]
        started = time.perf_counter()
        context.getIntegrator().step(TRIAL_STEPS)
        context.getState(positions=True)
        return (time.perf_counter() - started) / TRIAL_STEPS

    return measure
