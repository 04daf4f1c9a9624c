"""Steps in blocks: OpenMM's exceptions for NaN converted to failures, time and memory measured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openmm
from openmm import app

from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import positions_angstrom, time_ps
from openmm_mlff.simulation.record import BLOCK_SERIES, TrajectoryRecord, resident_mebibytes

LAPS = 20
"""Pieces of a block, each followed by the yardstick, so that other processes affect both alike.  On
a busy machine the ratio of the times of block and yardstick scattered by 13 % with 5 pieces and
by 7 % with 10."""

YARDSTICK_ROUNDS = 3000
"""About 0.25 ms of work: all pieces together 1 % of 500 steps of 1 ms."""

_MS_PER_S = 1000.0
_FEWEST_BLOCKS = 10
_MOST_STEPS_A_BLOCK = 500
_MOST_BLOCKS = 1000


@dataclass
class Steps:
    """Steps in this process that are not of production runs; those of a batch count once."""

    taken: int = 0


STEPS = Steps()


def block_steps(n_steps: int, *, interval: int) -> int:
    """Return the number of steps per block, a multiple of the reporters' interval.

    At most 500, fewer in short runs so that they have at least ten blocks, more in very long ones
    to limit the number of recorded blocks.
    """
    wanted = max(min(_MOST_STEPS_A_BLOCK, n_steps // _FEWEST_BLOCKS), n_steps // _MOST_BLOCKS, 1)
    return interval * -(-wanted // interval)


def step_watched(simulation: app.Simulation, n_steps: int) -> None:
    """Advance a Simulation.

    Raises:
        UnstableError: a reporter raised it, or coordinates became NaN.
        OpenMMException: OpenMM or the potential failed for another reason.
    """
    STEPS.taken += n_steps
    try:
        simulation.step(n_steps)
    except openmm.OpenMMException as error:
        # Requesting energies or forces would raise again.
        state = simulation.context.getState(positions=True)
        lost = np.asarray(~np.isfinite(positions_angstrom(state)).all(axis=1))
        if not lost.any() and "NaN" not in str(error):
            raise
        step = int(simulation.currentStep)
        unstable = UnstableError.lost(lost, time_ps=time_ps(state), step=step, error=error)
        raise unstable from error


class BlockMeter:
    """Steps a run and records time and memory of each block.

    Only blocks of one process are comparable, since another process has other memory and other
    neighbours.  A resumed run therefore discards earlier blocks, unless fewer would follow.

    Args:
        records: of the replicas stepped together, by whose number the times are divided.
        length: steps of a block.
        steps_left: to the end of the run.
    """

    def __init__(
        self, records: Sequence[TrajectoryRecord], *, length: int, steps_left: int
    ) -> None:
        self._records = records
        self._length = length
        # The first block is a further warm-up.
        self._warm = False
        whole = max(0, steps_left // length - 1)
        self._keeps = whole >= max(len(record.cpu_ms_per_step_blocks) for record in records)
        for record in records if self._keeps and whole else ():
            for name in BLOCK_SERIES:
                setattr(record, name, [])
            record.steps_per_block = length

    def advance(self, simulation: Any, n_steps: int) -> None:
        """Step a Simulation through at most `length` steps; an incomplete block is not recorded."""
        wall_s = cpu_s = yardsticks_ms = 0.0
        for lap in range(LAPS):
            steps = n_steps * (lap + 1) // LAPS - n_steps * lap // LAPS
            wall_start_s, cpu_start_s = time.perf_counter(), time.process_time()
            simulation.step(steps)
            cpu_s += time.process_time() - cpu_start_s
            wall_s += time.perf_counter() - wall_start_s
            yardsticks_ms += yardstick_ms()
        if self._warm and self._keeps and n_steps == self._length:
            ms_per_step = _MS_PER_S / (n_steps * len(self._records))
            mebibytes = resident_mebibytes()
            for record in self._records:
                record.ms_per_step_blocks.append(ms_per_step * wall_s)
                record.cpu_ms_per_step_blocks.append(ms_per_step * cpu_s)
                record.yardstick_ms_blocks.append(yardsticks_ms / LAPS)
                record.resident_mebibytes_blocks.append(mebibytes)
        self._warm = True


def yardstick_ms() -> float:
    """Return the CPU time of a fixed workload, ms.

    Processes that share a core, its caches or its power increase CPU time (measured: by a factor of
    1.7).  They increase this time as well, which distinguishes a slower machine from a slower
    potential.
    """
    start_s = time.process_time()
    total = 0
    for number in range(YARDSTICK_ROUNDS):
        total += number * number % 7
    return _MS_PER_S * (time.process_time() - start_s)
