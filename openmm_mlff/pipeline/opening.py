"""Open a validation, in worker processes if they are available, else in this process."""

from typing import TYPE_CHECKING

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation import has_accelerator, isolation_limits
from openmm_mlff.isolation.cores import usable_cores
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.request import ValidationRequest

if TYPE_CHECKING:
    from openmm_mlff.pipeline.local import LocalValidation

    Validation = IsolatedValidation | LocalValidation


def open_validation(request: ValidationRequest) -> "Validation":
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
        # It loads torch and OpenMM, which the parent of workers does without.
        from openmm_mlff.pipeline.local import LocalValidation

        return LocalValidation(request)
    on_device = request.platform not in ("CPU", "Reference") and has_accelerator()
    usable = 1 if on_device else usable_cores() or 1
    return IsolatedValidation(request, limits=limits, jobs=jobs or usable)
