"""State and rendering of the live dashboard; time is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from openmm_mlff.measuring.stage_names import FINISHED, stage_timestep_fs

_FS_PER_NS = 1e6
_SECONDS_PER_DAY = 86400.0
MOST_BLOCKS = 3
"""Maximum of systems drawn in full, to fit a terminal."""

LINE_WIDTH = 79
_LEAST_SECONDS = 1.0
"""A rate over a shorter time is not reliable."""


@dataclass
class StageClock:
    """Progress of one stage.

    Attributes:
        total: number of steps, frames or probes.
        started_s: time of the first update.
        done_at_start: value of `done` at the first update, not zero in a resumed run.
        updated_s: time of the last update.
    """

    system: str
    stage: str
    total: int
    started_s: float
    done_at_start: int
    done: int
    updated_s: float

    @property
    def per_second(self) -> float | None:
        """Rate, None while it is too early to estimate."""
        seconds = self.updated_s - self.started_s
        gained = self.done - self.done_at_start
        return gained / seconds if gained > 0 and seconds >= _LEAST_SECONDS else None

    @property
    def ns_per_day(self) -> float | None:
        """Simulated time per day, None for stages without time steps."""
        timestep_fs, rate = stage_timestep_fs(self.stage), self.per_second
        if timestep_fs is None or rate is None:
            return None
        return rate * timestep_fs / _FS_PER_NS * _SECONDS_PER_DAY

    @property
    def left_s(self) -> float | None:
        """Seconds left of this stage, None while it is too early to estimate."""
        rate = self.per_second
        return None if rate is None else (self.total - self.done) / rate


@dataclass
class SystemProgress:
    """Progress of one system.

    Attributes:
        started_s: time of the first update.
        stage: of the last update.
        drift_mev_per_atom_per_ps: of the current run, None where it is not known.
    """

    started_s: float
    stage: StageClock
    drift_mev_per_atom_per_ps: float | None = None

    @property
    def numbers(self) -> list[str]:
        """The numbers known about the stage."""
        numbers = []
        if self.stage.ns_per_day is not None:
            numbers.append(f"{self.stage.ns_per_day:.3g} ns/day")
        if self.drift_mev_per_atom_per_ps is not None:
            numbers.append(f"drift {self.drift_mev_per_atom_per_ps:+.2g} meV/atom/ps")
        if self.stage.left_s is not None:
            numbers.append(f"stage {clock_text(self.stage.left_s)} left")
        return numbers


@dataclass
class Dashboard:
    """State of one validation.

    Attributes:
        systems: names, in the order in which they are run.
        running: systems in progress, by name.
        finished: completed systems with their elapsed time, s.
    """

    systems: Sequence[str]
    started_s: float
    running: dict[str, SystemProgress] = field(default_factory=dict)
    finished: dict[str, float] = field(default_factory=dict)

    def update(self, system: str, stage: str, done: int, total: int, *, now_s: float) -> None:
        """Record progress at a time."""
        before = self.running.get(system)
        if stage == FINISHED:
            started_s = self.running.pop(system).started_s if before else now_s
            self.finished[system] = now_s - started_s
        elif before is None:
            clock = StageClock(system, stage, total, now_s, done, done, now_s)
            self.running[system] = SystemProgress(now_s, clock)
        elif (before.stage.stage, before.stage.total) != (stage, total):
            before.stage = StageClock(system, stage, total, now_s, done, done, now_s)
            before.drift_mev_per_atom_per_ps = None
        else:
            before.stage.done, before.stage.updated_s = done, now_s

    def left_s(self, *, now_s: float) -> float | None:
        """Estimate the total seconds left from the systems that are done."""
        if not self.finished or not self.running:
            return None
        mean_s = sum(self.finished.values()) / len(self.finished)
        begun = [max(mean_s - (now_s - one.started_s), 0.0) for one in self.running.values()]
        waiting = max(len(self.systems) - len(self.finished) - len(self.running), 0)
        return max(max(begun), (sum(begun) + waiting * mean_s) / len(self.running))

    def render(self, *, now_s: float) -> RenderableType:
        """Render the dashboard in lines of at most 80 columns."""
        if not self.running and not self.finished:
            return Text(" openmm-mlff: starting", style="dim")
        draw = self._block if len(self.running) <= MOST_BLOCKS else self._line
        lines = [line for name, one in self.running.items() for line in draw(name, one)]
        numbers = [f"{clock_text(now_s - self.started_s)} gone"]
        left = self.left_s(now_s=now_s)
        if left is not None:
            numbers.append(f"all ~{clock_text(left)}")
        return Group(*lines, Text(" " + "   ".join(numbers)))

    def _block(self, name: str, one: SystemProgress) -> list[RenderableType]:
        """Render a system in three lines: stage, progress, rate."""
        clock = one.stage
        bar = Table.grid(padding=(0, 1))
        unit = " steps" if stage_timestep_fs(clock.stage) is not None else ""
        bar.add_row(
            Text(""),
            ProgressBar(total=max(clock.total, 1), completed=clock.done, width=36),
            Text(f"{clock.done:,} of {clock.total:,}{unit}"),
        )
        return [self._title(name, clock), bar, Text(" " + "   ".join(one.numbers))]

    def _line(self, name: str, one: SystemProgress) -> list[RenderableType]:
        """Render a system in one line, where there are many."""
        title = self._title(name, one.stage)
        title.append(f"  {one.stage.done / max(one.stage.total, 1):.0%}")
        title.truncate(LINE_WIDTH, overflow="ellipsis")
        return [title]

    def _title(self, name: str, clock: StageClock) -> Text:
        position = self.systems.index(name) + 1 if name in self.systems else 1
        return Text.assemble(
            (f" {name}", "bold"),
            (f" ({position} of {len(self.systems)})  ", "dim"),
            (clock.stage, "bold blue"),
        )


def clock_text(seconds: float) -> str:
    """Format a time as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
