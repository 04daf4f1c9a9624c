"""A validation in worker processes; if a worker dies in a stage, the next one continues after it.

The parent holds the lock of the run folder.  To run several systems concurrently, further workers
join in the same folder.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

from openmm_mlff import errors
from openmm_mlff.config import AUTO_PLATFORM
from openmm_mlff.errors import IsolationError, PotentialError, UserError
from openmm_mlff.isolation import Ending, Limits, Worker
from openmm_mlff.isolation.cores import THREADS_VARIABLE, usable_cores
from openmm_mlff.isolation.printed import stdout_to_stderr
from openmm_mlff.measuring.guard import Broken
from openmm_mlff.measuring.journal import History
from openmm_mlff.measuring.stage_names import Progress
from openmm_mlff.pipeline import commands
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.run_file import mark_complete
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.locks import FolderLock
from openmm_mlff.storage.run_directory import RunDirectory

MOST_STRAY_ENDINGS = 3  # consecutive workers that may die outside of every stage


class CancelledError(Exception):
    """Another system failed, or the run was interrupted."""


class IsolatedValidation:
    """A validation that a worker has loaded and checked.

    Args:
        request: of the user.
        limits: of each worker, or shared by all of them.
        jobs: number of systems to run concurrently, at most one per system named in the request.

    Raises:
        UserError: as :func:`openmm_mlff.pipeline.preparing.prepare`, or the worker died while it
            loaded the potential.
    """

    def __init__(self, request: ValidationRequest, *, limits: Limits, jobs: int = 1) -> None:
        self._request = request
        self._jobs = min(jobs, len(request.systems)) or 1
        self._limits = limits.for_one_of(self._jobs)
        self._wanted: Mapping[str, Sequence[str]] | None = None
        self._deadline_s: float | None = None
        self._rest: Broken | None = None
        self._cancelled = threading.Event()
        worker, prepared = self._prepared(request)
        self._idle = [worker]
        self._sha256 = prepared["sha256"]
        self._n_atoms = prepared["n_atoms"]
        self.root = Path(prepared["root"])
        self.systems = tuple(prepared["systems"])
        try:
            self._lock = FolderLock(self.root)
        except BaseException:
            worker.close()
            raise

    def run(
        self, *, on_progress: Progress, wanted: Mapping[str, Sequence[str]] | None = None
    ) -> ValidationReport:
        """Run the validation and judge it.

        Args:
            on_progress: called with system, stage, done and total, by one thread at a time.
            wanted: see :func:`~openmm_mlff.pipeline.producing.restrict`; None for everything.

        Raises:
            IsolationError: workers died repeatedly outside of every stage.
        """
        self._wanted = wanted
        if self._limits.total_time_limit_s is not None:
            self._deadline_s = time.monotonic() + self._limits.total_time_limit_s
            self._idle[0].allow_until(self._deadline_s)
        one_at_a_time = threading.Lock()

        def show(*at: Any) -> None:
            with one_at_a_time:
                on_progress(*at)

        systems = [name for name in self.systems if wanted is None or name in wanted]
        if self._jobs > 1:
            # The largest system starts first.
            systems.sort(key=lambda name: -self._n_atoms[name])
        try:
            mark_complete(self.root, self._run_all(systems, on_progress=show))
            # Checks of the user may print.
            with stdout_to_stderr():
                return judge_directory(RunDirectory.open(self.root), plugins=self._request.plugins)
        finally:
            self.close()

    def close(self) -> None:
        """End the workers and release the folder (idempotent)."""
        while self._idle:
            self._idle.pop().close()
        self._lock.release()

    def _run_all(self, systems: Sequence[str], *, on_progress: Progress) -> list[str]:
        """Run systems concurrently; return their platforms."""
        with ThreadPoolExecutor(max_workers=self._jobs) as pool:
            runs = [
                pool.submit(self._run_system, name, on_progress=on_progress) for name in systems
            ]
            try:
                wait(runs, return_when=FIRST_EXCEPTION)
                if any(run.done() and run.exception() for run in runs):
                    raise _first_cause(runs, cancelled=self._cancelled)
            except BaseException:
                self._cancelled.set()
                raise
        return [run.result() for run in runs]

    def _run_system(self, system: str, *, on_progress: Progress) -> str:
        """Run one system, restarting workers as needed; return its platform."""
        asked = self._request.platform
        history = History(platform="" if asked == AUTO_PLATFORM else asked)

        def hear(event: dict[str, Any]) -> None:
            nonlocal history
            if event["event"] == commands.PROGRESS:
                on_progress(*event["at"])
            history = history.after_event(event)

        while True:
            if self._cancelled.is_set():
                raise CancelledError
            history = replace(history, rest=self._rest)
            worker = self._take_worker()
            command = {"command": commands.PRODUCE, "system": system, "wanted": self._wanted}
            command["history"] = history.to_json()
            produced = _ask(worker, command, answer=commands.PRODUCED, hear=hear)
            if produced is not None:
                self._idle.append(worker)
                return str(produced["platform"])
            ending = worker.ending or Ending("ended")
            history = history.after_ending(ending)
            self._rest = self._rest or history.rest
            if history.stray >= MOST_STRAY_ENDINGS and not self._cancelled.is_set():
                raise IsolationError(
                    f"the worker process of {system} failed {history.stray} times outside of any "
                    f"check (it {ending.reason}); the results so far are kept: continue with "
                    "--resume"
                )

    def _take_worker(self) -> Worker:
        """Return an idle worker, or start another one that joins the run."""
        try:
            return self._idle.pop()
        except IndexError:
            pass
        joining = self._request.model_copy(update={"output": self.root, "resume": True})
        # Once the total time limit is reached, the remaining stages are only recorded.
        deadline_s = self._deadline_s if self._rest is None else None
        worker, prepared = self._prepared(joining, deadline_s=deadline_s, joins=True)
        if prepared["sha256"] != self._sha256:
            worker.close()
            raise PotentialError(
                f"{self._request.potential} was changed during the run; start again with another "
                "--output, and do not change the file meanwhile"
            )
        return worker

    def _prepared(
        self, request: ValidationRequest, *, deadline_s: float | None = None, joins: bool = False
    ) -> tuple[Worker, dict[str, Any]]:
        """Start a worker that loads the request; return it and its reply."""
        asked = request.model_dump(mode="json")
        worker = Worker(
            commands.ENTRY,
            limits=self._limits,
            deadline_s=deadline_s,
            environment=_share_of_cores(self._jobs),
            cancelled=self._cancelled,
        )
        command = {"command": commands.PREPARE, "request": asked, "joins": joins}
        command["folder"] = worker.folder
        prepared = _ask(worker, command, answer=commands.PREPARED)
        if prepared is not None:
            return worker, prepared
        ending = worker.ending or Ending("ended")
        raise PotentialError(
            f"{request.potential} {ending.reason} while it was being loaded and tested on "
            f"{', '.join(request.systems)}; expected a potential that can be evaluated within the "
            "limits"
        ) from RuntimeError(ending.output)


def _share_of_cores(jobs: int) -> Mapping[str, str]:
    """Return the environment variables that divide the cores among parallel workers."""
    if jobs == 1 or os.environ.get(THREADS_VARIABLE):
        return {}
    return {THREADS_VARIABLE: str(max((usable_cores() or 1) // jobs, 1))}


def _first_cause(runs: Sequence["Future[str]"], *, cancelled: threading.Event) -> BaseException:
    """Cancel the other systems; return the first error."""
    cancelled.set()
    wait(runs)
    raised = [error for run in runs if (error := run.exception()) is not None]
    return next((error for error in raised if not isinstance(error, CancelledError)), raised[0])


def _ask(
    worker: Worker,
    command: dict[str, Any],
    *,
    answer: str,
    hear: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any] | None:
    """Send a command and handle events until the answer; return None if the worker ends first."""
    try:
        worker.send(command)
        for event in worker.events():
            if event["event"] == answer:
                return event
            _raise_refusal(event)
            hear(event)
    except BaseException:
        worker.interrupt()
        raise
    return None


def _raise_refusal(event: dict[str, Any]) -> None:
    """Raise the error that a worker reported, if the event is one."""
    if event["event"] == commands.REFUSED:
        kind = getattr(errors, str(event["kind"]), UserError)
        if not (isinstance(kind, type) and issubclass(kind, UserError)):
            kind = UserError
        raise kind(str(event["message"])) from RuntimeError(str(event["traceback"]))
    if event["event"] == commands.FAILED:
        raise IsolationError(
            f"the worker process of the potential failed ({event['message']}); repeat with "
            "--debug to see the traceback"
        ) from RuntimeError(str(event["traceback"]))
