"""Time and memory of a run, block by block."""

import time

from openmm import app

from openmm_mlff.simulation.memory import resident_mebibytes
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.stepping import step_watched

LAPS = 20
"""A block is run in so many pieces, and after each the yardstick is timed: neighbours come and go,
and must meet both alike.  With 5 pieces on a crowded machine, the time of a block over that of the
yardstick scattered by 13 %, with 10 by 7 %."""

YARDSTICK_ROUNDS = 3000
"""About a quarter of a millisecond of work: all laps together 1 % of 500 steps of 1 ms."""

_MS_PER_S = 1000.0


class BlockMeter:
    """Steps a run and measures each block into its record, the blocks of one process alone.

    Another process has other memory, and may run beside others: a growth or a slowing from one to
    the next would say nothing.  A run that is resumed drops what was measured before, unless it
    is too near to its end to measure as many blocks again; then the earlier ones stay alone.

    Args:
        record: where the blocks are kept.
        length: steps of a block.
        steps_left: to the end of the run.
    """

    def __init__(self, record: TrajectoryRecord, *, length: int, steps_left: int) -> None:
        self._record = record
        self._length = length
        # The first block warms up what the evaluations before it did not.
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
        """Step a Simulation through one block; one that is not whole is not kept.

        Args:
            simulation: with its reporters.
            n_steps: at most the length of a block.

        Raises:
            UnstableError: it went wrong.
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
    """Give the CPU time of a piece of work that is always the same.

    Where neighbours share a core, its caches or its power, CPU time grows, too (measured: by 1.7).
    Then this grows with it, and a slower machine can be told from a slower potential.

    Returns:
        ms.
    """
    start_s = time.process_time()
    total = 0
    for number in range(YARDSTICK_ROUNDS):
        total += number * number % 7
    return _MS_PER_S * (time.process_time() - start_s)
