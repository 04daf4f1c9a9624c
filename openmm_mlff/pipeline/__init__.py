"""The only place that chains the stages: prepare, produce, judge.

Each part loads when it is first used: judging a finished run needs neither torch nor OpenMM, and a
command's help needs none of them.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from openmm_mlff.config import NO_OPTIONS, PotentialOptions
from openmm_mlff.records import ValidationReport

if TYPE_CHECKING:
    from openmm_mlff.pipeline.judge import judge_directory
    from openmm_mlff.pipeline.prepare import Plan, prepare
    from openmm_mlff.pipeline.subject import Progress

AUTO_REFERENCE = "auto"
DEFAULT_SYSTEMS = ("water", "methane", "alanine")

_HOME = {
    "Plan": "prepare",
    "Progress": "subject",
    "judge_directory": "judge",
    "prepare": "prepare",
}

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
    on_progress: "Progress | None" = None,
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
    from openmm_mlff.pipeline.prepare import prepare

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


def run_plan(plan: "Plan", *, on_progress: "Progress | None" = None) -> ValidationReport:
    """Run a plan to its end and judge it.

    Args:
        plan: from :func:`prepare`.
        on_progress: called with system, stage, done and total.

    Returns:
        The report.
    """
    from openmm_mlff.pipeline.judge import judge_directory
    from openmm_mlff.simulation.environment import one_torch_thread

    with one_torch_thread():
        _produce_all(plan, on_progress=on_progress or (lambda *_: None))
    return judge_directory(plan.directory)


def _produce_all(plan: "Plan", *, on_progress: "Progress") -> None:
    """Run every system, and say in `run.json` with what and how far."""
    from openmm_mlff.pipeline.prepare import write_run_file
    from openmm_mlff.pipeline.stages import produce
    from openmm_mlff.simulation.environment import describe_environment

    environment = describe_environment(precision=plan.spec.precision)
    write_run_file(plan, status="running", environment=environment)
    platforms: dict[str, str] = {}
    for molecule in plan.molecules.values():
        platforms[molecule.name] = produce(plan, molecule, on_progress=on_progress)
    used = ", ".join(sorted({name for name in platforms.values() if name}))
    write_run_file(plan, status="complete", environment={"platform": used})


def __getattr__(name: str) -> Any:
    """Load a name on first use (PEP 562).

    Returns:
        What the name stands for.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff.pipeline' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.pipeline.{_HOME[name]}"), name)


class _Package(ModuleType):
    """A package whose function `prepare` is not hidden by the module of that name.

    Importing a submodule sets it as an attribute of its package; here that would take the
    function's place as soon as anything imports the module.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOME or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
