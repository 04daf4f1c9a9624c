"""Open a validation, in worker processes if they are available, else in this process."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation import has_accelerator, isolation_limits
from openmm_mlff.isolation.printed import stdout_to_stderr
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
        # The output of a potential must not mix with that of the program.
        with stdout_to_stderr():
            self._plan = prepare(request)
        self.root = self._plan.directory.root
        self.systems = tuple(self._plan.molecules)

    def run(
        self, *, on_progress: Progress, wanted: Mapping[str, Sequence[str]] | None = None
    ) -> ValidationReport:
        """Run the validation and judge it; see :meth:`IsolatedValidation.run`."""
        with stdout_to_stderr():
            return run_plan(restrict(self._plan, wanted), on_progress=on_progress)

    def close(self) -> None:
        """Release the folder (idempotent)."""
        if self._plan.lock is not None:
            self._plan.lock.release()


Validation = IsolatedValidation | LocalValidation
"""A validation that can be run."""


def run_plan(plan: Plan, *, on_progress: Progress = lambda *_: None) -> ValidationReport:
    """Run the systems of a plan one after the other and judge them.

    `on_progress` is called with system, stage, done and total.

    Raises:
        StorageError: the disk is full.
    """
    with plan.lock or nullcontext():
        platforms = [produce_system(plan, name, on_progress=on_progress) for name in plan.molecules]
        mark_complete(plan.directory.root, platforms)
        return judge_directory(plan.directory, protocol=plan.spec.protocol)


def open_validation(request: ValidationRequest) -> Validation:
    """Load and check everything that a validation needs, and open its run directory.

    It will run in worker processes unless the request or the platform rules them out.  By default
    each core runs one system; systems that may run on an accelerator are run one after the other.

    Raises:
        ConfigError: ``jobs`` is below 1, or above 1 without worker processes.
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
                f"--jobs {jobs} was given without the sandbox; use --jobs 1 or the sandbox: "
                "concurrent systems need separate processes"
            )
        return LocalValidation(request)
    on_device = request.platform not in ("CPU", "Reference") and has_accelerator()
    usable = 1 if on_device else usable_cores() or 1
    return IsolatedValidation(request, limits=limits, jobs=jobs or usable)
