"""Time and memory of a run in blocks of steps."""

import time

from openmm import app

from openmm_mlff.simulation.memory import resident_mebibytes
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.stepping import step_watched

LAPS = 20
"""Pieces of a block, each followed by the yardstick, so that other processes affect both alike.  On
a busy machine the ratio of the times of block and yardstick scattered by 13 % with 5 pieces and
by 7 % with 10."""

YARDSTICK_ROUNDS = 3000
"""About 0.25 ms of work: all pieces together 1 % of 500 steps of 1 ms."""

_MS_PER_S = 1000.0


class BlockMeter:
    """Steps a run and records time and memory of each block.

    Only blocks of one process are comparable, since another process has other memory and other
    neighbours.  A resumed run therefore discards earlier blocks, unless fewer would follow.

    Args:
        record: to which the blocks are written.
        length: steps of a block.
        steps_left: to the end of the run.
    """

    def __init__(self, record: TrajectoryRecord, *, length: int, steps_left: int) -> None:
        self._record = record
        self._length = length
        # The first block is a further warm-up.
        self._warm = False
        whole = max(0, steps_left // length - 1)
        self._keeps = whole >= len(record.cpu_ms_per_step_blocks)
        if self._keeps and whole:
            record.ms_per_step_blocks = []
            record.cpu_ms_per_step_blocks = []
            record.yardstick_ms_blocks = []
            record.resident_mebibytes_blocks = []
            record.steps_per_block = length

    def advance(self, simulation: app.Simulation, n_steps: int) -> None:
        """Step through one block of at most `length` steps; an incomplete one is not recorded.

        Raises:
            UnstableError: the run is unstable.
        """
        wall_s = cpu_s = yardsticks_ms = 0.0
        for lap in range(LAPS):
            steps = n_steps * (lap + 1) // LAPS - n_steps * lap // LAPS
            wall_start_s, cpu_start_s = time.perf_counter(), time.process_time()
            step_watched(simulation, steps)
            cpu_s += time.process_time() - cpu_start_s
            wall_s += time.perf_counter() - wall_start_s
            yardsticks_ms += yardstick_ms()
        if self._warm and self._keeps and n_steps == self._length:
            record = self._record
            record.ms_per_step_blocks.append(_MS_PER_S * wall_s / n_steps)
            record.cpu_ms_per_step_blocks.append(_MS_PER_S * cpu_s / n_steps)
            record.yardstick_ms_blocks.append(yardsticks_ms / LAPS)
            record.resident_mebibytes_blocks.append(resident_mebibytes())
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
