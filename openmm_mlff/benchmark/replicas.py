"""Time per replica-step against the number of replicas in one Context."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.simulation import minimise
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.replicas import replica_system
from openmm_mlff.units import nm_from_angstrom, ps_from_fs

TIMESTEP_FS = 0.5
TEMPERATURE_KELVIN = 300.0
WARM_UP_STEPS = 20
BLOCK_SECONDS = 0.1


def measure_replicas(
    potential: Potential,
    molecule: MolecularSystem,
    *,
    counts: Sequence[int],
    platform: PlatformChoice,
    rounds: int,
    precision: str = "mixed",
    seed: int = 1,
) -> list[Mapping[str, Any]]:
    """Step Contexts of several sizes in turns, so that a noisy machine is noisy to all alike.

    Args:
        potential: a student runs all replicas in one call.
        molecule: isolated.
        counts: numbers of replicas, the first of them the one that the others are compared with.
        platform: where.
        rounds: how often each takes its turn.
        precision: of the weights.
        seed: of the velocities.

    Returns:
        For each count `replicas`, `ms_per_replica_step` (median over the rounds), `gain` (median
        over the rounds of the first count's time over this one's) and `gain_interval` (quartiles).
    """
    single = potential.create_system(molecule, precision=precision)
    start = minimise(single, molecule, platform=platform).positions_angstrom
    contexts = [
        _context(potential, molecule, count, start, platform, precision=precision, seed=seed)
        for count in counts
    ]
    steps = [_steps_of_block(context) for context in contexts]
    times = np.empty((rounds, len(counts)))
    for number in range(rounds):
        for index, (context, count) in enumerate(zip(contexts, counts, strict=True)):
            times[number, index] = _block(context, steps[index]) / count
    gains = times[:, :1] / times
    return [
        {
            "replicas": count,
            "ms_per_replica_step": float(np.median(times[:, index])),
            "gain": float(np.median(gains[:, index])),
            "gain_interval": np.quantile(gains[:, index], [0.25, 0.75]).tolist(),
        }
        for index, count in enumerate(counts)
    ]


def _context(
    potential: Potential,
    molecule: MolecularSystem,
    count: int,
    start_angstrom: np.ndarray,
    platform: PlatformChoice,
    *,
    precision: str,
    seed: int,
) -> openmm.Context:
    system = replica_system(potential, molecule, count, precision=precision)
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(ps_from_fs(TIMESTEP_FS)),
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    context.setPositions(nm_from_angstrom(np.tile(start_angstrom, (count, 1))))
    context.setVelocitiesToTemperature(TEMPERATURE_KELVIN, seed)
    context.getIntegrator().step(WARM_UP_STEPS)
    return context


def _steps_of_block(context: openmm.Context) -> int:
    return max(3, round(1e3 * BLOCK_SECONDS / _block(context, WARM_UP_STEPS)))


def _block(context: openmm.Context, steps: int) -> float:
    """Give the time of a step, ms."""
    started = time.perf_counter()
    context.getIntegrator().step(steps)
    context.getState(energy=True)
    return 1e3 * (time.perf_counter() - started) / steps
