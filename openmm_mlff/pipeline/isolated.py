"""A validation in processes of its own; where one crashes, what it was at is recorded.

A worker loads what is asked for and finds it possible, or refuses it.  Where there are cores for
more than one system at a time, others join it in the same run directory.
"""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openmm_mlff.errors import PotentialError
from openmm_mlff.isolation import Ending, Limits, Worker
from openmm_mlff.pipeline import working
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.lanes import Known, Lane, raise_what_is_told, run_lanes
from openmm_mlff.pipeline.producing import mark_complete
from openmm_mlff.pipeline.request import ValidationRequest
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.records import ValidationReport
from openmm_mlff.rundir import RunDirectory
from openmm_mlff.simulation.environment import THREADS_VARIABLE, usable_cores


class IsolatedValidation:
    """A validation that was asked for, loaded and found possible by a worker.

    Args:
        request: what is asked.
        limits: of each worker.
        jobs: systems that are run side by side, at most one for each that was named.

    Raises:
        UserError: as :func:`openmm_mlff.pipeline.preparing.prepare`, or the potential ended the
            worker when it was loaded.
    """

    def __init__(self, request: ValidationRequest, *, limits: Limits, jobs: int = 1) -> None:
        self._request = request
        self._jobs = min(jobs, len(request.systems)) or 1
        self._limits = limits.for_one_of(self._jobs)
        self._deadline_s: float | None = None
        self._cancelled = threading.Event()
        self.worker, prepared = self._prepared(request)
        self._sha256 = prepared["sha256"]
        self.root = Path(prepared["root"])
        self.systems = tuple(prepared["systems"])
        # Side by side, the one that takes longest is begun first.
        self._order = sorted(
            self.systems, key=lambda name: -prepared["n_atoms"][name] if self._jobs > 1 else 0
        )

    def run(self, *, on_progress: Progress) -> ValidationReport:
        """Run it to its end and judge it.

        Args:
            on_progress: called with system, stage, done and total, by one thread at a time.

        Returns:
            The report.

        Raises:
            IsolationError: its worker ended again and again, and not in any one stage.
        """
        if self._limits.total_time_limit_s is not None:
            self._deadline_s = time.monotonic() + self._limits.total_time_limit_s
            self.worker.allow_until(self._deadline_s)
        self.worker.send({"command": working.SHARE})
        one_at_a_time = threading.Lock()

        def show(*at: Any) -> None:
            with one_at_a_time:
                on_progress(*at)

        lanes = [
            Lane(worker, start=self._joined, cancelled=self._cancelled, on_progress=show)
            for worker in (self.worker, *[None] * (self._jobs - 1))
        ]
        try:
            platforms = run_lanes(lanes, self._order, cancelled=self._cancelled)
        finally:
            self.close()
        mark_complete(self.root, platforms.values())
        return judge_directory(RunDirectory.open(self.root), plugins=self._request.plugins)

    def close(self) -> None:
        """End the worker; a validation that was not run leaves nothing running."""
        self.worker.close()

    def _joined(self, known: Known) -> Worker:
        """Let another worker load it all again and join; where all is over, it has no deadline."""
        joining = self._request.model_copy(
            update={"output": self.root, "resume": True, "joins": True}
        )
        deadline_s = self._deadline_s if known.rest is None else None
        worker, prepared = self._prepared(joining, deadline_s=deadline_s)
        if prepared["sha256"] != self._sha256:
            worker.close()
            raise PotentialError(
                f"{self._request.potential} was changed while it was being run; expected the file "
                "to stay as it is: start again in another --output"
            )
        return worker

    def _prepared(
        self, request: ValidationRequest, *, deadline_s: float | None = None
    ) -> tuple[Worker, dict[str, Any]]:
        """Start a worker and let it load what is asked; give it, and what it found."""
        worker = Worker(
            working.ENTRY,
            limits=self._limits,
            deadline_s=deadline_s,
            environment=_share_of_cores(self._jobs),
            cancelled=self._cancelled,
        )
        try:
            worker.send({"command": working.PREPARE, "request": request.model_dump(mode="json")})
            for event in worker.events():
                if event["event"] == working.PREPARED:
                    return worker, event
                raise_what_is_told(event)
        except BaseException:
            worker.interrupt()
            raise
        ending = worker.ending or Ending("ended")
        raise PotentialError(
            f"{request.potential} {ending.reason} while it was loaded and tried on "
            f"{', '.join(request.systems)}; expected a potential that can be evaluated within the "
            "limits"
        ) from RuntimeError(ending.output)


def _share_of_cores(jobs: int) -> Mapping[str, str]:
    """Give the variables that keep workers side by side from fighting for cores."""
    if jobs == 1 or os.environ.get(THREADS_VARIABLE):
        return {}
    return {THREADS_VARIABLE: str(max((usable_cores() or 1) // jobs, 1))}
