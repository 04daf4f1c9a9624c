"""Time per replica step against the number of replicas that are stepped together."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import openmm

from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.torch_sim_peer import torch_sim_block
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.simulation import minimise
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.replicas import replica_system
from openmm_mlff.units import nm_from_angstrom, ps_from_fs

TIMESTEP_FS = 0.5
TEMPERATURE_KELVIN = 300.0
WARM_UP_STEPS = 20
BLOCK_SECONDS = 0.1

Stepper = Callable[[int], float]
"""Run a number of steps of all replicas and return the time per step, ms."""

Engine = Callable[[int], Stepper]
"""Return the stepper for a number of replicas."""


def measure_replicas(
    engines: Mapping[str, Engine], *, counts: Sequence[int], rounds: int
) -> list[Mapping[str, Any]]:
    """Step engines with several numbers of replicas in turn, so that noise affects all equally.

    The first count is the baseline of the others.

    Returns:
        For each engine and count `engine`, `replicas`, `ms_per_replica_step` (median over the
            rounds), `gain` (median over the rounds of the first count's time over this one's),
            `gain_interval` (quartiles), and `faster_than` (the same against the other engines at
            this count, by name).
    """
    steppers = {
        (name, count): engine(count) for name, engine in engines.items() for count in counts
    }
    steps = {
        key: max(3, round(1e3 * BLOCK_SECONDS / _warm(step))) for key, step in steppers.items()
    }
    times: dict[tuple[str, int], list[float]] = {key: [] for key in steppers}
    for _ in range(rounds):
        for key, step in steppers.items():
            times[key].append(step(steps[key]) / key[1])
    return [_row(times, engine, count, first=counts[0]) for engine, count in steppers]


def _warm(step: Stepper) -> float:
    step(WARM_UP_STEPS)
    return step(WARM_UP_STEPS)


def _row(
    times: Mapping[tuple[str, int], Sequence[float]], engine: str, count: int, *, first: int
) -> Mapping[str, Any]:
    here = np.array(times[engine, count])
    gains = np.array(times[engine, first]) / here
    return {
        "engine": engine,
        "replicas": count,
        "ms_per_replica_step": float(np.median(here)),
        "gain": float(np.median(gains)),
        "gain_interval": np.quantile(gains, [0.25, 0.75]).tolist(),
        "faster_than": {
            other: float(np.median(np.array(theirs) / here))
            for (other, size), theirs in times.items()
            if size == count and other != engine
        },
    }


def openmm_engine(
    potential: StudentPotential,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    precision: str = "mixed",
    seed: int = 1,
) -> Engine:
    """Return an engine that steps replicas in one OpenMM Context, with one call of the student."""
    single = potential.create_system(molecule, precision=precision)
    start = minimise(single, molecule, platform=platform).positions_angstrom

    def stepper(count: int) -> Stepper:
        context = _context(
            potential, molecule, count, start, platform, precision=precision, seed=seed
        )
        return partial(_block, context)

    return stepper


def torch_sim_engine(
    potential: StudentPotential, molecule: MolecularSystem, *, precision: str = "mixed"
) -> Engine:
    """Return an engine that steps replicas in torch-sim, which has to be installed."""
    start = thermal_start(
        molecule,
        positions_angstrom=molecule.positions_angstrom,
        temperature_kelvin=TEMPERATURE_KELVIN,
        seed=1,
    )

    def stepper(count: int) -> Stepper:
        block = torch_sim_block(
            potential,
            molecule,
            start=start,
            precision=precision,
            timestep_fs=TIMESTEP_FS,
            temperature_kelvin=TEMPERATURE_KELVIN,
            n_replicas=count,
        )
        return lambda steps: 1e3 * block(steps) / steps

    return stepper


def _context(
    potential: StudentPotential,
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


def _block(context: openmm.Context, steps: int) -> float:
    """Return the time per step, ms."""
    started = time.perf_counter()
    context.getIntegrator().step(steps)
    context.getState(energy=True)
    return 1e3 * (time.perf_counter() - started) / steps
