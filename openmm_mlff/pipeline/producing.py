"""Run every system of a plan, in whatever process this is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from openmm_mlff.errors import StorageError
from openmm_mlff.files import storage_failure
from openmm_mlff.pipeline.journal import NO_JOURNAL, Journal
from openmm_mlff.pipeline.preparing import Plan, write_run_file
from openmm_mlff.pipeline.stages import produce
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.simulation.environment import describe_environment, one_torch_thread


def produce_all(
    plan: Plan,
    *,
    on_progress: Progress,
    journal: Journal = NO_JOURNAL,
    finished: Mapping[str, str] | None = None,
    on_finished: Callable[[str, str], None] = lambda *_: None,
) -> None:
    """Run every system, and say in `run.json` with what and how far.

    Args:
        plan: from :func:`openmm_mlff.pipeline.preparing.prepare`.
        on_progress: called with system, stage, done and total.
        journal: of the stages.
        finished: systems that are finished, and the platforms on which they ran.
        on_finished: called with a system that is finished now, and its platform.

    Raises:
        StorageError: the disk takes no more.
    """
    with one_torch_thread(), _one_line_where_the_disk_is_full(plan):
        environment = describe_environment(precision=plan.spec.precision)
        write_run_file(plan, status="running", environment=environment)
        platforms = dict(finished or {})
        for molecule in plan.molecules.values():
            if molecule.name not in platforms:
                platform = produce(plan, molecule, on_progress=on_progress, journal=journal)
                platforms[molecule.name] = platform
                on_finished(molecule.name, platform)
        used = ", ".join(sorted({name for name in platforms.values() if name}))
        write_run_file(plan, status="complete", environment={"platform": used})


@contextmanager
def _one_line_where_the_disk_is_full(plan: Plan) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        said = storage_failure(error)
        if said is None:
            raise
        raise StorageError(
            f"cannot write to {plan.directory.root} ({said.strerror}); what was written stays: "
            "make room, and go on with --resume"
        ) from error
