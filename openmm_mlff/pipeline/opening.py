"""Open a validation: in processes of its own where that is wanted and possible, or in this one."""

from contextlib import nullcontext
from pathlib import Path
from typing import Protocol

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation.limits import (
    Limits,
    default_limits,
    has_accelerator,
    is_available,
    is_default,
)
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.producing import produce_all
from openmm_mlff.pipeline.request import ValidationRequest
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.records import ValidationReport
from openmm_mlff.simulation.environment import usable_cores


class Validation(Protocol):
    """A validation that was found possible and can be run.

    Attributes:
        root: folder of the run.
        systems: names of what is run.
    """

    root: Path
    systems: tuple[str, ...]

    def run(self, *, on_progress: Progress) -> ValidationReport:
        """Run it to its end and judge it."""

    def close(self) -> None:
        """Let go of what it holds."""


class LocalValidation:
    """A validation in this process.

    Args:
        request: what is asked.
    """

    def __init__(self, request: ValidationRequest) -> None:
        self._plan = request.prepare()
        self.root = self._plan.directory.root
        self.systems = tuple(self._plan.molecules)

    def run(self, *, on_progress: Progress) -> ValidationReport:
        """Run it to its end and judge it.

        Args:
            on_progress: called with system, stage, done and total.

        Returns:
            The report.
        """
        return run_plan(self._plan, on_progress=on_progress)

    def close(self) -> None:
        """Let go of the folder."""
        if self._plan.lock is not None:
            self._plan.lock.release()


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
    """Give how many systems are run side by side: one core for each, one device for all."""
    on_device = request.platform not in ("CPU", "Reference") and has_accelerator()
    return 1 if on_device else usable_cores() or 1


def isolation_limits(
    *,
    sandbox: bool | None = None,
    time_limit_s: float | None = None,
    memory_limit_gib: float | None = None,
    total_time_limit_s: float | None = None,
) -> Limits | None:
    """Say what a process of its own may use, or that there is none.

    Args:
        sandbox: whether there is one; None where that is possible.
        time_limit_s: longest time without progress; None for an hour.
        memory_limit_gib: None for 80 % of the memory there is.
        total_time_limit_s: of the whole run; None for no limit.

    Returns:
        The limits; None for a run in this process.

    Raises:
        ConfigError: a sandbox was asked for and there can be none, or limits without one.
    """
    limits = default_limits(
        time_limit_s=time_limit_s,
        memory_limit_gib=memory_limit_gib,
        total_time_limit_s=total_time_limit_s,
    )
    if sandbox if sandbox is not None else is_default():
        if not is_available():
            raise ConfigError(
                "a sandbox was asked for, which this system does not offer; expected Linux: "
                "leave it out, or add --no-sandbox"
            )
        return limits
    if (time_limit_s, memory_limit_gib, total_time_limit_s) != (None, None, None):
        raise ConfigError(
            "a limit of time or memory was given and no sandbox; expected both or neither: only a "
            "process of its own can be ended"
        )
    return None
