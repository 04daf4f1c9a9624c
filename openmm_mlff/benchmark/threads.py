"""How many threads a system is run with: one, or all cores, whichever is faster."""

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
    """Choose the number of threads that is faster.

    All are measured in turn, several times, and each counts with its best: a busy machine only
    ever makes a measurement longer.

    Args:
        candidates: numbers of threads, at least one.
        measure: gives the time of a step with so many, in any unit.
        rounds: how often each is measured.

    Returns:
        The number of the fastest, the smallest of those that are equal.

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
    """Give the numbers worth trying: one, and the cores that this process may use."""
    return tuple(sorted({1, usable_cores() or 1}))


def with_threads(platform: PlatformChoice, threads: int) -> PlatformChoice:
    """Give the platform so many threads, where it is the one that has such a property."""
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
    """Give a function that times a few OpenMM steps with so many threads.

    Args:
        system: what the potential made of the molecule.
        molecule: what is run, from its own geometry.
        platform: where.
        timestep_fs: of the integrator.

    Returns:
        From a number of threads to seconds a step; it leaves torch with that number.
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
