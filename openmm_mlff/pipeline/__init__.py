"""The only place that chains the stages: prepare, produce, judge.

Each part loads when it is first used: judging a finished run needs neither torch nor OpenMM, and a
command's help needs none of them.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmm_mlff.config import AUTO_REFERENCE, NO_OPTIONS, PotentialOptions
from openmm_mlff.records import ValidationReport

if TYPE_CHECKING:
    from openmm_mlff.pipeline.judge import judge_directory
    from openmm_mlff.pipeline.opening import isolation_limits, open_validation, run_plan
    from openmm_mlff.pipeline.preparing import Plan, prepare
    from openmm_mlff.pipeline.request import ValidationRequest
    from openmm_mlff.pipeline.subject import Progress

DEFAULT_SYSTEMS = ("water", "methane", "alanine")

_HOME = {
    "Plan": "preparing",
    "Progress": "subject",
    "ValidationRequest": "request",
    "isolation_limits": "opening",
    "judge_directory": "judge",
    "open_validation": "opening",
    "prepare": "preparing",
    "run_plan": "opening",
}

__all__ = [
    "DEFAULT_SYSTEMS",
    "Plan",
    "Progress",
    "ValidationRequest",
    "isolation_limits",
    "judge_directory",
    "open_validation",
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
    sandbox: bool | None = None,
    time_limit_s: float | None = None,
    memory_limit_gib: float | None = None,
    jobs: int | None = None,
    plugins: Sequence[str] = (),
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
        sandbox: run the potential in a process of its own, which may crash; None where that is
            possible.
        time_limit_s: that process is ended after this time without progress; None for an hour.
        memory_limit_gib: and beyond this size; None for 80 % of the memory there is.
        jobs: systems that are run side by side; None for as many as there are cores, or one where
            there is an accelerator.
        plugins: Python files with checks of your own; see docs/extending.md.

    Returns:
        The report; it also stands in the run directory, with its figures.

    Raises:
        UserError: something asked for is unknown, missing or unusable; nothing has run then.
    """
    from openmm_mlff.pipeline.opening import isolation_limits, open_validation
    from openmm_mlff.pipeline.request import ValidationRequest

    request = ValidationRequest(
        potential=potential,
        systems=tuple(systems),
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
        plugins=tuple(plugins),
    )
    limits = isolation_limits(
        sandbox=sandbox, time_limit_s=time_limit_s, memory_limit_gib=memory_limit_gib
    )
    validation = open_validation(request, limits=limits, jobs=jobs)
    return validation.run(on_progress=on_progress or (lambda *_: None))


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
