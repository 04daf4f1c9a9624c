"""A validation in this process."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from openmm_mlff.isolation.printed import stdout_to_stderr
from openmm_mlff.measuring.stage_names import Progress
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.preparing import Plan, prepare
from openmm_mlff.pipeline.producing import produce_system, restrict
from openmm_mlff.pipeline.run_file import mark_complete
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport


class LocalValidation:
    """As :class:`~openmm_mlff.pipeline.isolated.IsolatedValidation`, but in this process."""

    def __init__(self, request: ValidationRequest) -> None:
        # The output of a potential must not mix with that of the program.
        with stdout_to_stderr():
            self._plan = prepare(request)
        self.root = self._plan.directory.root
        self.systems = tuple(self._plan.molecules)

    def run(
        self, *, on_progress: Progress, wanted: Mapping[str, Sequence[str]] | None = None
    ) -> ValidationReport:
        """Run the validation and judge it, as in workers."""
        with stdout_to_stderr():
            return run_plan(restrict(self._plan, wanted), on_progress=on_progress)

    def close(self) -> None:
        """Release the folder (idempotent)."""
        if self._plan.lock is not None:
            self._plan.lock.release()


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
