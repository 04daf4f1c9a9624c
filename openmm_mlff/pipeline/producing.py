"""Run the systems of a plan, in whatever process this is."""

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from openmm_mlff.checks.plugins import packages_of as packages_of_checks
from openmm_mlff.errors import StorageError
from openmm_mlff.files import storage_failure
from openmm_mlff.pipeline.journal import NO_JOURNAL, Journal
from openmm_mlff.pipeline.preparing import Plan, write_run_file
from openmm_mlff.pipeline.stage_names import FINISHED
from openmm_mlff.pipeline.stages import produce
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.potentials.installed import packages_of as packages_of_spec
from openmm_mlff.rundir import RUN_FILE, read_json, write_json
from openmm_mlff.simulation.environment import describe_environment, one_torch_thread


def produce_all(plan: Plan, *, on_progress: Progress) -> None:
    """Run every system, one after the other, and say in `run.json` with what and how far.

    Args:
        plan: from :func:`openmm_mlff.pipeline.preparing.prepare`.
        on_progress: called with system, stage, done and total.

    Raises:
        StorageError: the disk takes no more.
    """
    platforms = [produce_system(plan, system, on_progress=on_progress) for system in plan.molecules]
    mark_complete(plan.directory.root, platforms)


def produce_system(
    plan: Plan, system: str, *, on_progress: Progress, journal: Journal = NO_JOURNAL
) -> str:
    """Run one system.

    Args:
        plan: from :func:`openmm_mlff.pipeline.preparing.prepare`.
        system: name of one of its molecules.
        on_progress: called with system, stage, done and total.
        journal: of the stages.

    Returns:
        Name of the platform it ran on; empty where none could run it.

    Raises:
        StorageError: the disk takes no more.
    """
    with one_torch_thread(), _one_line_where_the_disk_is_full(plan.directory.root):
        packages = (*packages_of_checks(plan.spec.protocol), *packages_of_spec(plan.spec.potential))
        environment = describe_environment(precision=plan.spec.precision, packages=packages)
        write_run_file(plan, status="running", environment=environment)
        platform = produce(plan, plan.molecules[system], on_progress=on_progress, journal=journal)
    on_progress(system, FINISHED, 1, 1)
    return platform


def mark_complete(root: Path, platforms: Iterable[str]) -> None:
    """Say in `run.json` that every system was run.

    Args:
        root: folder of the run.
        platforms: that they ran on; empty ones could not be run.

    Raises:
        StorageError: the disk takes no more.
    """
    with _one_line_where_the_disk_is_full(root):
        before = read_json(root / RUN_FILE)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        used = ", ".join(sorted({name for name in platforms if name}))
        environment = before["environment"] | {"platform": used}
        ended = {"status": "complete", "updated": now, "environment": environment}
        write_json(root / RUN_FILE, before | ended)


@contextmanager
def _one_line_where_the_disk_is_full(root: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        said = storage_failure(error)
        if said is None:
            raise
        raise StorageError(
            f"cannot write to {root} ({said.strerror}); what was written stays: "
            "make room, and go on with --resume"
        ) from error
