"""Progress of a validation as lines of text, or as bars in a notebook.

The command line draws a dashboard in a terminal and writes these lines elsewhere; in Python they go
to the log ``openmm_mlff``, whose level is INFO.
"""

import logging
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from openmm_mlff.measuring.stage_names import FINISHED, Progress

LOG = logging.getLogger("openmm_mlff")

LINE_EVERY_S = 60.0
"""A longer stage writes further lines, so that a log shows that it continues."""


def default_progress() -> Progress:
    """Return bars in a notebook with tqdm, else lines to the log."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        try:
            from tqdm.auto import tqdm
        except ImportError:
            LOG.info("install tqdm to see bars here")
        else:
            return Bars(tqdm).show
    return Lines(LOG.info).show


class Lines:
    """A line for each stage of each system, and one a minute."""

    def __init__(self, say: Callable[[str], Any]) -> None:
        self._say = say
        self._started_s = time.monotonic()
        self._stages: set[tuple[str, str]] = set()
        self._said_s = self._started_s

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Write a line for a new stage, or if none was written for a while."""
        now_s = time.monotonic()
        if (system, stage) in self._stages and now_s - self._said_s < LINE_EVERY_S:
            return
        self._stages.add((system, stage))
        self._said_s = now_s
        count = f" ({done:,} of {total:,})" if total > 1 and stage != FINISHED else ""
        self._say(f"{clock_text(now_s - self._started_s)}  {system}: {stage}{count}")


class Bars:
    """A bar for each system, which names the stage; `make` is tqdm."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._bars: dict[str, Any] = {}

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Update the bar of a system, and leave it full where the system is finished."""
        if system not in self._bars:
            self._bars[system] = self._make()
        bar, text = self._bars[system], f"{system}: {stage}"
        if (bar.desc, bar.total) != (f"{text}: ", total):
            bar.reset(total=total)
            bar.set_description(text)
        bar.update(done - bar.n)
        if stage == FINISHED:
            bar.close()


def clock_text(seconds: float) -> str:
    """Format a time as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
