"""Open a validation: in worker processes where that is possible, or in this process."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation import has_accelerator, isolation_limits
from openmm_mlff.measuring.stage_names import Progress
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import Plan, prepare
from openmm_mlff.pipeline.producing import mark_complete, produce_system, restrict
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport
from openmm_mlff.simulation.environment import usable_cores


class LocalValidation:
    """A validation in this process; see :class:`IsolatedValidation`."""

    def __init__(self, request: ValidationRequest) -> None:
        # What a potential prints must not stand among the output of the program.
        with redirect_stdout(sys.stderr):
            self._plan = prepare(request)
        self.root = self._plan.directory.root
        self.systems = tuple(self._plan.molecules)

    def run(
        self, *, on_progress: Progress, wanted: Mapping[str, Sequence[str]] | None = None
    ) -> ValidationReport:
        """Run it to its end and judge it; see :meth:`IsolatedValidation.run`."""
        plan = self._plan if wanted is None else restrict(self._plan, wanted)
        with redirect_stdout(sys.stderr):
            return run_plan(plan, on_progress=on_progress)

    def close(self) -> None:
        """Release the folder (idempotent)."""
        if self._plan.lock is not None:
            self._plan.lock.release()


Validation = IsolatedValidation | LocalValidation
"""A validation that can be run, in worker processes or in this one."""


def run_plan(plan: Plan, *, on_progress: Progress = lambda *_: None) -> ValidationReport:
    """Run the systems of a plan one after the other, and judge them.

    Args:
        plan: from :func:`prepare`.
        on_progress: called with system, stage, done and total.

    Returns:
        The report.

    Raises:
        StorageError: the disk takes no more.
    """
    with plan.lock or nullcontext():
        platforms = [produce_system(plan, name, on_progress=on_progress) for name in plan.molecules]
        mark_complete(plan.directory.root, platforms)
        return judge_directory(plan.directory, protocol=plan.spec.protocol)


def open_validation(request: ValidationRequest) -> Validation:
    """Load and check all that a validation needs, and open its run directory.

    It runs in worker processes, unless the request or the system rules them out.

    Args:
        request: what is asked.  Without ``jobs`` each core runs a system; where an accelerator may
            run them, they are run one after the other.

    Returns:
        The validation; nothing has run yet.

    Raises:
        ConfigError: less than one job, or several in this one process.
    """
    limits = isolation_limits(
        sandbox=request.sandbox,
        time_limit_s=request.time_limit_s,
        memory_limit_gib=request.memory_limit_gib,
        total_time_limit_s=request.total_time_limit_s,
    )
    jobs = request.jobs
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs {jobs}; expected 1 or more")
    if limits is None:
        if (jobs or 1) > 1:
            raise ConfigError(
                f"--jobs {jobs} and no sandbox; expected one or the other: systems side by side "
                "need processes of their own"
            )
        return LocalValidation(request)
    on_device = request.platform not in ("CPU", "Reference") and has_accelerator()
    usable = 1 if on_device else usable_cores() or 1
    return IsolatedValidation(request, limits=limits, jobs=jobs or usable)
