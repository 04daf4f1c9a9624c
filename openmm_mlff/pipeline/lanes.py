"""Systems side by side: each lane takes one after the other from what is left, by a worker.

A worker runs the same stages as a validation in this process does, and tells when one begins and
ends.  Where it ends itself in one, a new worker goes on with the same system, and is told how that
stage ended.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from openmm_mlff import errors
from openmm_mlff.errors import IsolationError, UserError
from openmm_mlff.isolation import Ending, Worker
from openmm_mlff.pipeline import journal, working
from openmm_mlff.pipeline.guard import Broken
from openmm_mlff.pipeline.subject import Progress

MOST_STRAY_ENDINGS = 3
"""Workers in a row that may end outside of every stage; after these it is no accident."""


class LaneCancelledError(Exception):
    """Another lane failed, or the run was interrupted."""


@dataclass(frozen=True)
class Known:
    """What is known of a lane's systems from the workers that ended.

    Attributes:
        settled: keys of the stages whose outcome is written.
        broken: how stages ended workers, by key.
        rest: why nothing more is run; None while it is.
        stray: endings in a row outside of every stage.
        current: key of the stage that was begun and has not ended.
    """

    settled: frozenset[str] = frozenset()
    broken: Mapping[str, Broken] = field(default_factory=dict)
    rest: Broken | None = None
    stray: int = 0
    current: str | None = None

    def hear(self, event: dict[str, Any]) -> "Known":
        """Give what is known after an event."""
        if event["event"] == journal.BEGIN:
            return replace(self, current=str(event["key"]))
        if event["event"] == journal.END:
            settled = self.settled | {str(event["key"])}
            return replace(self, current=None, settled=settled, stray=0)
        return self

    def after(self, ending: Ending) -> "Known":
        """Give what is known after a worker's end."""
        broken = Broken(ending.reason, ending.output)
        known = replace(self, current=None, rest=broken if ending.is_total else self.rest)
        if self.current is None:
            return replace(known, stray=self.stray + 1)
        return replace(known, broken={**self.broken, self.current: broken}, stray=0)

    def to_command(self, system: str) -> dict[str, Any]:
        """Give what a worker is told that is to run a system, or what is left of it."""
        told = {key: (one.reason, one.traceback) for key, one in self.broken.items()}
        return {
            "command": working.PRODUCE,
            "system": system,
            "settled": sorted(self.settled),
            "broken": told,
            "rest": (self.rest.reason, self.rest.traceback) if self.rest else None,
        }


class Lane:
    """Runs one system after the other.

    Args:
        worker: the first one; None starts one when it is needed.
        start: gives another one that has loaded it all; told what is known.
        cancelled: set when it is to stop.
        on_progress: called with system, stage, done and total.
    """

    def __init__(
        self,
        worker: Worker | None,
        *,
        start: Callable[[Known], Worker],
        cancelled: threading.Event,
        on_progress: Progress,
    ) -> None:
        self.worker = worker
        self._start = start
        self._cancelled = cancelled
        self._on_progress = on_progress
        self._known = Known()

    def run(self, systems: "queue.SimpleQueue[str]") -> dict[str, str]:
        """Run what is left, until nothing is.

        Args:
            systems: names; other lanes take from them as well.

        Returns:
            The platform of each system that this lane ran.

        Raises:
            IsolationError: a worker ended again and again, and not in any one stage.
            UserError: what a worker refused.
            LaneCancelledError: it was told to stop.
        """
        platforms = {}
        try:
            while not systems.empty():
                with contextlib.suppress(queue.Empty):  # Another lane may have been faster.
                    system = systems.get_nowait()
                    platforms[system] = self._finish(system)
        except BaseException as error:
            if self.worker is not None:
                self.worker.interrupt()
            if self._cancelled.is_set():
                raise LaneCancelledError from error
            raise
        if self.worker is not None:
            self.worker.close()
        return platforms

    def _finish(self, system: str) -> str:
        """Run one system by as many workers as it takes; give its platform."""
        while True:
            if self.worker is None:
                self.worker = self._start(self._known)
            platform, ending = self._produce(self.worker, system)
            if ending is None:
                return platform
            self.worker = None
            if self._cancelled.is_set():
                raise LaneCancelledError
            self._known = self._known.after(ending)
            if self._known.stray >= MOST_STRAY_ENDINGS:
                raise IsolationError(
                    f"the process that ran {system} {ending.reason}, {self._known.stray} times "
                    "outside of every check; what was written stays, and --resume goes on"
                )

    def _produce(self, worker: Worker, system: str) -> tuple[str, Ending | None]:
        """Let a worker run a system; give its platform, and how the worker ended if it did."""
        worker.send(self._known.to_command(system))
        for event in worker.events():
            if event["event"] == working.PRODUCED:
                return str(event["platform"]), None
            if event["event"] == working.PROGRESS:
                self._on_progress(
                    str(event["system"]),
                    str(event["stage"]),
                    int(event["done"]),
                    int(event["total"]),
                )
            raise_what_is_told(event)
            self._known = self._known.hear(event)
        return "", worker.ending


def run_lanes(
    lanes: Sequence[Lane], systems: Sequence[str], *, cancelled: threading.Event
) -> dict[str, str]:
    """Run systems side by side.

    Args:
        lanes: one at least.
        systems: names, in the order in which they are begun.
        cancelled: set when one lane failed, or this was interrupted; workers end then.

    Returns:
        The platform of each system.

    Raises:
        UserError: what the first lane that failed raised; the others are ended.
    """
    left: queue.SimpleQueue[str] = queue.SimpleQueue()
    for system in systems:
        left.put(system)
    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        runs = [pool.submit(lane.run, left) for lane in lanes]
        try:
            done, _ = wait(runs, return_when=FIRST_EXCEPTION)
        except BaseException:
            cancelled.set()
            raise
        if any(run.exception() for run in done):
            cancelled.set()
            wait(runs)
            failure = _first_cause(runs)
            raise failure
    return {system: platform for run in runs for system, platform in run.result().items()}


def _first_cause(runs: Sequence["Future[dict[str, str]]"]) -> BaseException:
    """Give why the lanes ended: not that one was ended because of another."""
    raised = [error for run in runs if (error := run.exception()) is not None]
    return next((error for error in raised if not isinstance(error, LaneCancelledError)), raised[0])


def raise_what_is_told(event: dict[str, Any]) -> None:
    """Raise here what was raised in a worker.

    Args:
        event: from a worker.

    Raises:
        UserError: what it refused.
        IsolationError: it broke outside of every stage.
    """
    if event["event"] == working.REFUSED:
        kind = getattr(errors, str(event["kind"]), UserError)
        if not (isinstance(kind, type) and issubclass(kind, UserError)):
            kind = UserError
        raise kind(str(event["message"])) from RuntimeError(str(event["traceback"]))
    if event["event"] == working.FAILED:
        raise IsolationError(
            f"the process that ran the potential broke ({event['message']}); see --debug"
        ) from RuntimeError(str(event["traceback"]))
