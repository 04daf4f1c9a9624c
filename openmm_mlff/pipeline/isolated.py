"""A validation in a process of its own, which may crash: what it was at is recorded, the rest runs.

The worker runs the same stages as a validation in this process does, and tells when one begins and
ends.  Where it ends itself in one, a new worker goes on in the same run directory, and is told how
that stage ended.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from openmm_mlff import errors
from openmm_mlff.errors import IsolationError, PotentialError, UserError
from openmm_mlff.isolation import Ending, Limits, Worker
from openmm_mlff.pipeline import journal, working
from openmm_mlff.pipeline.guard import Broken
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.request import ValidationRequest
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.records import ValidationReport
from openmm_mlff.rundir import RunDirectory

MOST_STRAY_ENDINGS = 3
"""Workers in a row that may end outside of every stage; after these it is no accident."""


@dataclass(frozen=True)
class Known:
    """What is known of a run from the workers that ended.

    Attributes:
        settled: keys of the stages whose outcome is written.
        broken: how stages ended workers, by key.
        rest: why nothing more is run; None while it is.
        finished: platforms of the systems that are finished.
        stray: endings in a row outside of every stage.
        current: key of the stage that was begun and has not ended.
    """

    settled: frozenset[str] = frozenset()
    broken: Mapping[str, Broken] = field(default_factory=dict)
    rest: Broken | None = None
    finished: Mapping[str, str] = field(default_factory=dict)
    stray: int = 0
    current: str | None = None

    def hear(self, event: dict[str, Any]) -> "Known":
        """Give what is known after an event."""
        if event["event"] == journal.BEGIN:
            return replace(self, current=str(event["key"]))
        if event["event"] == journal.END:
            settled = self.settled | {str(event["key"])}
            return replace(self, current=None, settled=settled, stray=0)
        if event["event"] == working.FINISHED:
            finished = {**self.finished, str(event["system"]): str(event["platform"])}
            return replace(self, finished=finished)
        return self

    def after(self, ending: Ending) -> "Known":
        """Give what is known after a worker's end."""
        broken = Broken(ending.reason, ending.output)
        known = replace(self, current=None, rest=broken if ending.is_total else self.rest)
        if self.current is None:
            return replace(known, stray=self.stray + 1)
        return replace(known, broken={**self.broken, self.current: broken}, stray=0)

    def to_command(self) -> dict[str, Any]:
        """Give what the next worker is told."""
        told = {key: (one.reason, one.traceback) for key, one in self.broken.items()}
        return {
            "command": working.PRODUCE,
            "settled": sorted(self.settled),
            "broken": told,
            "rest": (self.rest.reason, self.rest.traceback) if self.rest else None,
            "finished": dict(self.finished),
        }


class IsolatedValidation:
    """A validation that was asked for, loaded and found possible by a worker.

    Args:
        request: what is asked.
        limits: of each worker.

    Raises:
        UserError: as :func:`openmm_mlff.pipeline.preparing.prepare`, or the potential ended the
            worker when it was loaded.
    """

    def __init__(self, request: ValidationRequest, *, limits: Limits) -> None:
        self._request = request
        self._limits = limits
        self._deadline_s: float | None = None
        self._worker, prepared = self._prepared(request)
        self.root = Path(prepared["root"])
        self.systems = tuple(prepared["systems"])

    def run(self, *, on_progress: Progress) -> ValidationReport:
        """Run it to its end and judge it.

        Args:
            on_progress: called with system, stage, done and total.

        Returns:
            The report.

        Raises:
            IsolationError: its worker ended again and again, and not in any one stage.
        """
        if self._limits.total_time_limit_s is not None:
            self._deadline_s = time.monotonic() + self._limits.total_time_limit_s
            self._worker.allow_until(self._deadline_s)
        known = Known()
        try:
            while True:
                known, ending = self._produce(known, on_progress=on_progress)
                if ending is None:
                    break
                known = known.after(ending)
                if known.stray >= MOST_STRAY_ENDINGS:
                    raise IsolationError(
                        f"{self._request.potential} {ending.reason}, {known.stray} times outside "
                        f"of every check; what was written stays in {self.root}"
                    )
                self._worker = self._new_worker(known)
        except BaseException:
            self._worker.interrupt()
            raise
        self._worker.close()
        return judge_directory(RunDirectory.open(self.root), plugins=self._request.plugins)

    def close(self) -> None:
        """End the worker; a validation that was not run leaves nothing running."""
        self._worker.close()

    def _new_worker(self, known: Known) -> Worker:
        """Let another worker load it all again; when the time is up, its deadline is over."""
        if known.rest is not None:
            self._deadline_s = None
        going_on = self._request.model_copy(update={"output": self.root, "resume": True})
        return self._prepared(going_on)[0]

    def _prepared(self, request: ValidationRequest) -> tuple[Worker, dict[str, Any]]:
        """Start a worker and let it load what is asked; give it, and what it found."""
        worker = Worker(working.ENTRY, limits=self._limits, deadline_s=self._deadline_s)
        try:
            worker.send({"command": working.PREPARE, "request": request.model_dump(mode="json")})
            for event in worker.events():
                if event["event"] == working.PREPARED:
                    return worker, event
                _raise_what_is_told(event)
        except BaseException:
            worker.interrupt()
            raise
        ending = worker.ending or Ending("ended")
        raise PotentialError(
            f"{request.potential} {ending.reason} while it was loaded and tried on "
            f"{', '.join(request.systems)}; expected a potential that can be evaluated within the "
            "limits"
        ) from RuntimeError(ending.output)

    def _produce(self, known: Known, *, on_progress: Progress) -> tuple[Known, Ending | None]:
        """Let the worker run what is left; give what is known, and how it ended if it did."""
        self._worker.send(known.to_command())
        for event in self._worker.events():
            if event["event"] == working.PRODUCED:
                return known, None
            if event["event"] == working.PROGRESS:
                on_progress(
                    str(event["system"]),
                    str(event["stage"]),
                    int(event["done"]),
                    int(event["total"]),
                )
            _raise_what_is_told(event)
            known = known.hear(event)
        return known, self._worker.ending


def _raise_what_is_told(event: dict[str, Any]) -> None:
    """Raise here what was raised there."""
    if event["event"] == working.REFUSED:
        kind = getattr(errors, str(event["kind"]), UserError)
        if not (isinstance(kind, type) and issubclass(kind, UserError)):
            kind = UserError
        raise kind(str(event["message"])) from RuntimeError(str(event["traceback"]))
    if event["event"] == working.FAILED:
        raise IsolationError(
            f"the process that ran the potential broke ({event['message']}); see --debug"
        ) from RuntimeError(str(event["traceback"]))
