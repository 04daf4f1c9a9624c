"""Progress of a validation on stderr: a live dashboard, or lines without a terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, RenderableType
from rich.live import Live

from openmm_mlff.cli.dashboard import Dashboard, clock_text
from openmm_mlff.measuring.stage_names import FINISHED, stage_timestep_fs
from openmm_mlff.storage.run_directory import SYSTEM_FILE, RunDirectory, read_json
from openmm_mlff.storage.streams import ENERGY_COLUMNS, read_csv
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring.stage_names import Progress as ProgressCallback

_DRIFT_EVERY_S = 5.0
"""Interval between readings of a stream, which would slow down the run."""
_FEWEST_ROWS = 20
_REFRESHES_PER_S = 2

LINE_EVERY_S = 60.0
"""A longer stage writes further lines, so that a log shows that it continues."""


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
        yield _Lines(console).show
    else:
        watch = _Watch(directory, systems)
        with Live(
            console=console,
            get_renderable=watch.render,
            refresh_per_second=_REFRESHES_PER_S,
            transient=True,
            # stdout is not redirected: it carries the report.
            redirect_stdout=False,
        ):
            yield watch.show


class _Lines:
    """Progress as lines of text."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_s = time.monotonic()
        self._stages: set[tuple[str, str]] = set()
        self._written_s = self._started_s

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Write a line for a new stage, or if none was written for a while."""
        now_s = time.monotonic()
        if (system, stage) in self._stages and now_s - self._written_s < LINE_EVERY_S:
            return
        self._stages.add((system, stage))
        self._written_s = now_s
        count = f" ({done:,} of {total:,})" if total > 1 and stage != FINISHED else ""
        elapsed = clock_text(now_s - self._started_s)
        self._console.print(
            f"{elapsed}  {system}: {stage}{count}", soft_wrap=True, markup=False, highlight=False
        )
        self._console.file.flush()


class _Watch:
    """A dashboard that reads the clock and the energy streams."""

    def __init__(self, directory: RunDirectory, systems: Sequence[str]) -> None:
        self._directory = directory
        self._started_s = time.monotonic()
        self._dashboard = Dashboard(systems, started_s=self._started_s)
        self._drift_read_s: dict[str, float] = {}

    def render(self) -> RenderableType:
        """Render the current state."""
        return self._dashboard.render(now_s=time.monotonic())

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Record progress; at intervals, read the drift."""
        now_s = time.monotonic()
        self._dashboard.update(system, stage, done, total, now_s=now_s)
        steps = stage_timestep_fs(stage) is not None
        if steps and now_s - self._drift_read_s.get(system, self._started_s) > _DRIFT_EVERY_S:
            self._drift_read_s[system] = now_s
            drift = running_drift(self._directory.system(system))
            self._dashboard.running[system].drift_mev_per_atom_per_ps = drift


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
    slope_ev_per_ps = np.polyfit(
        finite[:, ENERGY_COLUMNS.index("time_ps")],
        finite[:, ENERGY_COLUMNS.index("total_eV")],
        deg=1,
    )[0]
    return float(slope_ev_per_ps) * MEV_PER_EV / n_atoms
