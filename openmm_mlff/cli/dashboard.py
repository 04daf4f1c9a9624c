"""What the live dashboard knows of a validation, and how it looks; no clock of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from openmm_mlff.pipeline.stage_names import stage_timestep_fs

_FS_PER_NS = 1e6
_SECONDS_PER_DAY = 86400.0
_LEAST_SECONDS = 1.0
"""A rate over less time than this says nothing."""


@dataclass
class StageClock:
    """How far one stage is.

    Attributes:
        system: name of the molecule.
        stage: what is done.
        total: steps, frames or probes there are.
        started_s: when it was first heard of.
        done_at_start: of them, when it was first heard of: a resumed run starts in the middle.
        done: of them, now.
        updated_s: when it was last heard of.
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
        """Rate, None while it is too early to tell."""
        seconds = self.updated_s - self.started_s
        gained = self.done - self.done_at_start
        return gained / seconds if gained > 0 and seconds >= _LEAST_SECONDS else None

    @property
    def ns_per_day(self) -> float | None:
        """Simulated time a day, None for stages that take no steps."""
        timestep_fs, rate = stage_timestep_fs(self.stage), self.per_second
        if timestep_fs is None or rate is None:
            return None
        return rate * timestep_fs / _FS_PER_NS * _SECONDS_PER_DAY

    @property
    def left_s(self) -> float | None:
        """Seconds left of this stage, None while it is too early to tell."""
        rate = self.per_second
        return None if rate is None else (self.total - self.done) / rate


@dataclass
class Dashboard:
    """The state of one validation.

    Attributes:
        systems: names, in the order in which they are run.
        started_s: when the validation began.
        current: the stage that was last heard of.
        drift_mev_per_atom_per_ps: of the run that is going on, None where none is known.
        finished: systems that are done, with the seconds each took.
    """

    systems: Sequence[str]
    started_s: float
    current: StageClock | None = None
    drift_mev_per_atom_per_ps: float | None = None
    finished: dict[str, float] = field(default_factory=dict)
    _system_started_s: float = 0.0

    def update(self, system: str, stage: str, done: int, total: int, *, now_s: float) -> None:
        """Take note of progress.

        Args:
            system: name of the molecule.
            stage: what is done.
            done: of `total`.
            total: steps, frames or probes.
            now_s: the time.
        """
        before = self.current
        if before is None or before.system != system:
            if before is not None:
                self.finished[before.system] = now_s - self._system_started_s
            self._system_started_s = now_s
        if before is None or (before.system, before.stage, before.total) != (system, stage, total):
            self.current = StageClock(system, stage, total, now_s, done, done, now_s)
            self.drift_mev_per_atom_per_ps = None
        else:
            before.done, before.updated_s = done, now_s

    def left_s(self, *, now_s: float) -> float | None:
        """Estimate the seconds left in all, from the systems that are done."""
        if not self.finished or self.current is None:
            return None
        mean_s = sum(self.finished.values()) / len(self.finished)
        untouched = len(self.systems) - len(self.finished) - 1
        return max(mean_s - (now_s - self._system_started_s), 0.0) + max(untouched, 0) * mean_s

    def render(self, *, now_s: float) -> RenderableType:
        """Draw the dashboard, three lines of at most 80 columns.

        Args:
            now_s: the time.

        Returns:
            What Rich prints.
        """
        clock = self.current
        if clock is None:
            return Text(" openmm-mlff: starting", style="dim")
        position = self.systems.index(clock.system) + 1 if clock.system in self.systems else 1
        title = Text.assemble(
            (f" {clock.system}", "bold"),
            (f" ({position} of {len(self.systems)})  ", "dim"),
            (clock.stage, "bold blue"),
        )
        bar = Table.grid(padding=(0, 1))
        unit = " steps" if stage_timestep_fs(clock.stage) is not None else ""
        bar.add_row(
            Text(""),
            ProgressBar(total=max(clock.total, 1), completed=clock.done, width=36),
            Text(f"{clock.done:,} of {clock.total:,}{unit}"),
        )
        return Group(title, bar, Text(" " + "   ".join(self._numbers(clock, now_s=now_s))))

    def _numbers(self, clock: StageClock, *, now_s: float) -> list[str]:
        numbers = []
        if clock.ns_per_day is not None:
            numbers.append(f"{clock.ns_per_day:.3g} ns/day")
        if self.drift_mev_per_atom_per_ps is not None:
            numbers.append(f"drift {self.drift_mev_per_atom_per_ps:+.2g} meV/atom/ps")
        left = self.left_s(now_s=now_s)
        numbers.append(f"{clock_text(now_s - self.started_s)} gone")
        if clock.left_s is not None:
            numbers.append(f"stage {clock_text(clock.left_s)} left")
        if left is not None:
            numbers.append(f"all ~{clock_text(left)}")
        return numbers


def clock_text(seconds: float) -> str:
    """Write a time as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
