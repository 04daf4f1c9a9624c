"""Open a validation: in worker processes where that is possible, or in this process."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation import Limits, has_accelerator
from openmm_mlff.measuring.stage_names import Progress
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import Plan, prepare
from openmm_mlff.pipeline.producing import produce_all, restrict
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport
from openmm_mlff.simulation.environment import usable_cores

Wanted = Mapping[str, Sequence[str]]
"""Ids of checks, by name of the system."""


class LocalValidation:
    """A validation in this process.

    Args:
        request: what is asked.
    """

    def __init__(self, request: ValidationRequest) -> None:
        # What a potential prints must not stand among the output of the program.
        with redirect_stdout(sys.stderr):
            self._plan = prepare(request)
        self.root = self._plan.directory.root
        self.systems = tuple(self._plan.molecules)

    def run(self, *, on_progress: Progress, wanted: Wanted | None = None) -> ValidationReport:
        """Run it to its end and judge it.

        Args:
            on_progress: called with system, stage, done and total.
            wanted: see :func:`openmm_mlff.pipeline.producing.restrict`; None for everything.

        Returns:
            The report.
        """
        plan = self._plan if wanted is None else restrict(self._plan, wanted)
        with redirect_stdout(sys.stderr):
            return run_plan(plan, on_progress=on_progress)

    def close(self) -> None:
        """Release the folder (idempotent)."""
        if self._plan.lock is not None:
            self._plan.lock.release()


Validation = IsolatedValidation | LocalValidation
"""A validation that can be run, in worker processes or in this one."""


def run_plan(plan: Plan, *, on_progress: Progress | None = None) -> ValidationReport:
    """Run a plan to its end and judge it.

    Args:
        plan: from :func:`prepare`.
        on_progress: called with system, stage, done and total.

    Returns:
        The report.

    Raises:
        StorageError: the disk takes no more.
    """
    with plan.lock or nullcontext():
        produce_all(plan, on_progress=on_progress or (lambda *_: None))
        return judge_directory(plan.directory, protocol=plan.spec.protocol)


def open_validation(
    request: ValidationRequest, *, limits: Limits | None, jobs: int | None = None
) -> Validation:
    """Load and check all that a validation needs, and open its run directory.

    Args:
        request: what is asked.
        limits: of the processes that it runs in; None for this process.
        jobs: systems that are run side by side, each in a process; None for as many as there are
            cores, and one after the other where an accelerator may run them.

    Returns:
        The validation; nothing has run yet.

    Raises:
        ConfigError: less than one job, or several in this one process.
    """
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs {jobs}; expected 1 or more")
    if limits is None:
        if (jobs or 1) > 1:
            raise ConfigError(
                f"--jobs {jobs} and no sandbox; expected one or the other: systems side by side "
                "need processes of their own"
            )
        return LocalValidation(request)
    return IsolatedValidation(request, limits=limits, jobs=jobs or _default_jobs(request))


def _default_jobs(request: ValidationRequest) -> int:
    """Return how many systems run side by side: one core for each, one device for all."""
    on_device = request.platform not in ("CPU", "Reference") and has_accelerator()
    return 1 if on_device else usable_cores() or 1
