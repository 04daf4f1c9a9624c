"""Progress bars for a validation: one line a stage, on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from openmm_mlff.pipeline import Progress as ProgressCallback


@contextmanager
def stage_progress() -> Iterator[ProgressCallback]:
    """Give a callback that shows each stage of each system as a bar.

    Yields:
        A callback of system, stage, done and total.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    tasks: dict[tuple[str, str], TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def show(system: str, stage: str, done: int, total: int) -> None:
            key = (system, stage)
            if key not in tasks:
                tasks[key] = bars.add_task(f"{system:<18} {stage:<18}", total=total)
            bars.update(tasks[key], completed=done, total=total)

        yield show
