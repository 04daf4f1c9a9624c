"""The only place that chains the stages: prepare, produce, judge."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from openmm_mlff.config import NO_OPTIONS, PotentialOptions
from openmm_mlff.errors import StorageError
from openmm_mlff.files import storage_failure
from openmm_mlff.pipeline.judge import judge_directory
from openmm_mlff.pipeline.prepare import (
    AUTO_REFERENCE,
    Plan,
    prepare,
    write_run_file,
)
from openmm_mlff.pipeline.stages import produce
from openmm_mlff.pipeline.subject import Progress
from openmm_mlff.records import ValidationReport
from openmm_mlff.simulation.environment import describe_environment, one_torch_thread

DEFAULT_SYSTEMS = ("water", "methane", "alanine")

__all__ = [
    "DEFAULT_SYSTEMS",
    "Plan",
    "Progress",
    "judge_directory",
    "prepare",
    "run_plan",
    "validate",
]


def validate(
    potential: str,
    *,
    systems: Sequence[str] = DEFAULT_SYSTEMS,
    protocol: str = "standard",
    reference: str = AUTO_REFERENCE,
    platform: str = "auto",
    precision: str = "mixed",
    seed: int = 1,
    output: str | Path | None = None,
    resume: bool = False,
    options: PotentialOptions = NO_OPTIONS,
    replicas: int | None = None,
    charge: int | None = None,
    multiplicity: int | None = None,
    on_progress: Progress | None = None,
) -> ValidationReport:
    """Judge whether a potential is safe for production dynamics in OpenMM.

    Args:
        potential: spec string, e.g. ``student:original`` or ``best_model.pt``.
        systems: library names or structure files.
        protocol: ``quick``, ``standard``, ``extended`` or a TOML file.
        reference: spec string of what is right, ``auto`` for GFN2-xTB, ``none``, or
            ``none:REASON``.
        platform: ``auto``, ``CUDA``, ``OpenCL``, ``CPU`` or ``Reference``.
        precision: ``single``, ``mixed`` (float32 weights) or ``double`` (float64 weights).
        seed: of velocities and distortions.
        output: folder of the run; None takes a new one under ``runs``.
        resume: go on with what is in `output`.
        options: what the spec string of the potential leaves open.
        replicas: of each run, instead of the protocol's number.
        charge: total charge of the systems instead of the recorded one.
        multiplicity: spin multiplicity of the systems instead of the recorded one.
        on_progress: called with system, stage, done and total.

    Returns:
        The report; it also stands in the run directory, with its figures.

    Raises:
        UserError: something asked for is unknown, missing or unusable; nothing has run then.
    """
    plan = prepare(
        potential,
        systems=systems,
        protocol=protocol,
        reference=reference,
        platform=platform,
        precision=precision,
        seed=seed,
        output=Path(output) if output is not None else None,
        resume=resume,
        options=options,
        replicas=replicas,
        charge=charge,
        multiplicity=multiplicity,
    )
    return run_plan(plan, on_progress=on_progress)


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
    with plan.lock or nullcontext(), _one_line_where_the_disk_is_full(plan):
        with one_torch_thread():
            _produce_all(plan, on_progress=on_progress or (lambda *_: None))
        return judge_directory(plan.directory)


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


def _produce_all(plan: Plan, *, on_progress: Progress) -> None:
    """Run every system, and say in `run.json` with what and how far."""
    environment = describe_environment(precision=plan.spec.precision)
    write_run_file(plan, status="running", environment=environment)
    platforms: dict[str, str] = {}
    for molecule in plan.molecules.values():
        platforms[molecule.name] = produce(plan, molecule, on_progress=on_progress)
    used = ", ".join(sorted({name for name in platforms.values() if name}))
    write_run_file(plan, status="complete", environment={"platform": used})
