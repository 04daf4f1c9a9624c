"""Progress on stderr: a live dashboard of a validation, lines without a terminal, or one bar."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from openmm_mlff.measuring.stage_names import FINISHED, stage_timestep_fs
from openmm_mlff.pipeline.progress import Lines, clock_text
from openmm_mlff.storage.run_directory import SYSTEM_FILE, RunDirectory, read_json
from openmm_mlff.storage.streams import ENERGY_COLUMNS, read_csv
from openmm_mlff.units import MEV_PER_EV, ns_per_day

if TYPE_CHECKING:
    from openmm_mlff.measuring.stage_names import Progress as ProgressCallback

_DRIFT_EVERY_S = 5.0
"""Interval between readings of a stream, which would slow down the run."""
_FEWEST_ROWS = 20
_REFRESHES_PER_S = 2
_RATE_OVER_S = 600.0
MOST_BLOCKS = 3
"""Maximum of systems drawn in full, to fit a terminal."""

LINE_WIDTH = 79


@contextmanager
def live_dashboard(
    directory: RunDirectory,
    *,
    systems: Sequence[str],
    quiet: bool = False,
    console: Console | None = None,
) -> "Iterator[ProgressCallback]":
    """Yield a callback that displays stage, system, steps, ns/day, running drift and time left.

    Where stderr is not a terminal, it writes one line per stage.

    Yields:
        A callback of system, stage, done and total.
    """
    console = console or Console(stderr=True)
    if quiet:
        yield lambda *_: None
    elif not console.is_terminal:

        def say(line: str) -> None:
            console.print(line, soft_wrap=True, markup=False, highlight=False)
            console.file.flush()

        yield Lines(say).show
    else:
        with Dashboard(directory, systems, console=console) as dashboard:
            yield dashboard.show


@contextmanager
def progress_bar(name: str, *, hidden: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a callback of done, total and a short message that updates one bar on stderr."""
    columns = (
        TextColumn(name),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=hidden and not console.is_terminal) as bars:
        task = bars.add_task("starting", total=None)

        def show(done: int, total: int, message: str) -> None:
            bars.update(task, completed=done, total=total, description=message)

        yield show


class Dashboard(Progress):
    """Live display of the systems in progress, each a task whose description is the stage."""

    def __init__(self, directory: RunDirectory, systems: Sequence[str], **options: Any) -> None:
        self._directory = directory
        self._systems = list(systems)
        self.finished_s: dict[str, float] = {}
        """Elapsed time of each system that is done."""
        super().__init__(
            refresh_per_second=_REFRESHES_PER_S,
            speed_estimate_period=_RATE_OVER_S,
            transient=True,
            # stdout carries the report.
            redirect_stdout=False,
            **options,
        )
        self._started_s = self.get_time()

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Record progress; at intervals, read the drift."""
        now_s = self.get_time()
        task = self._task(system)
        if stage == FINISHED:
            self.finished_s[system] = now_s - task.fields["began_s"] if task else 0.0
            if task:
                self.remove_task(task.id)
            return
        fields: dict[str, Any] = {"system": system, "began_s": now_s}
        fields |= {"drift": None, "drift_read_s": now_s}
        if task is None:
            self.add_task(stage, total=total, completed=done, **fields)
        elif (task.description, task.total) != (stage, total):
            fields["began_s"] = task.fields["began_s"]
            self.reset(task.id, total=total, completed=done, description=stage, **fields)
        else:
            self.update(task.id, completed=done)
        task = self._task(system)
        is_due = task and now_s - task.fields["drift_read_s"] > _DRIFT_EVERY_S
        if task and is_due and stage_timestep_fs(stage) is not None:
            drift = running_drift(self._directory.system(system))
            self.update(task.id, drift=drift, drift_read_s=now_s)

    def _task(self, system: str) -> Task | None:
        return next((task for task in self.tasks if task.fields["system"] == system), None)

    def left_s(self) -> float | None:
        """Estimate the total seconds left from the systems that are done."""
        if not self.finished_s or not self.tasks:
            return None
        mean_s = sum(self.finished_s.values()) / len(self.finished_s)
        elapsed_s = [self.get_time() - task.fields["began_s"] for task in self.tasks]
        begun = [max(mean_s - one, 0.0) for one in elapsed_s]
        waiting = max(len(self._systems) - len(self.finished_s) - len(begun), 0)
        return max(max(begun), (sum(begun) + waiting * mean_s) / len(begun))

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield lines of at most 80 columns."""
        if not self.tasks and not self.finished_s:
            yield Text(" openmm-mlff: starting", style="dim")
            return
        in_full = len(self.tasks) <= MOST_BLOCKS
        for task in self.tasks:
            yield from self._lines(task, in_full=in_full)
        left = self.left_s()
        estimate = "" if left is None else f"   all ~{clock_text(left)}"
        yield Text(f" elapsed {clock_text(self.get_time() - self._started_s)}{estimate}")

    def _lines(self, task: Task, *, in_full: bool) -> Iterator[RenderableType]:
        """Yield stage, progress and rate of a system, or one line where there are many."""
        system = task.fields["system"]
        position = self._systems.index(system) + 1 if system in self._systems else 1
        title = Text.assemble(
            (f" {system}", "bold"),
            (f" ({position} of {len(self._systems)})  ", "dim"),
            (task.description, "bold blue"),
        )
        if not in_full:
            title.append(f"  {task.percentage:.0f}%")
            title.truncate(LINE_WIDTH, overflow="ellipsis")
        yield title
        if in_full:
            total, timestep_fs = int(task.total or 0), stage_timestep_fs(task.description)
            bar = Table.grid(padding=(0, 1))
            bar.add_row(
                Text(""),
                ProgressBar(total=max(total, 1), completed=task.completed, width=36),
                Text(f"{task.completed:,} of {total:,}{' steps' if timestep_fs else ''}"),
            )
            yield bar
            numbers = []
            if timestep_fs and task.speed:
                speed = ns_per_day(1000.0 / task.speed, timestep_fs=timestep_fs)
                numbers.append(f"{speed:.3g} ns/day")
            if task.fields["drift"] is not None:
                numbers.append(f"drift {task.fields['drift']:+.2g} meV/atom/ps")
            if task.time_remaining is not None:
                numbers.append(f"stage {clock_text(task.time_remaining)} left")
            yield Text(" " + "   ".join(numbers))


def running_drift(folder: Path) -> float | None:
    """Fit the slope of the total energy of the run that was last written to.

    Returns:
        meV/atom/ps; None if there are too few rows.
    """
    streams = list(folder.glob("*/energies.csv"))
    if not streams or not (folder / SYSTEM_FILE).is_file():
        return None
    rows = read_csv(max(streams, key=lambda path: path.stat().st_mtime), ENERGY_COLUMNS)
    finite = rows[np.isfinite(rows).all(axis=1)]
    if len(finite) < _FEWEST_ROWS:
        return None
    n_atoms = len(read_json(folder / SYSTEM_FILE)["atomic_numbers"])
    time_ps, total_ev = finite[
        :, [ENERGY_COLUMNS.index(name) for name in ("time_ps", "total_eV")]
    ].T
    return float(np.polyfit(time_ps, total_ev, deg=1)[0]) * MEV_PER_EV / n_atoms
