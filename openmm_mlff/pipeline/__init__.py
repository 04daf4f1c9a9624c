"""The only place that chains the stages: prepare, produce, judge.

Each part loads when it is first used: judging a finished run needs neither torch nor OpenMM, and a
command's help needs none of them.
"""

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from openmm_mlff.request import DEFAULT_SYSTEMS, ValidationRequest, request_from
from openmm_mlff.results import ValidationReport

if TYPE_CHECKING:
    from openmm_mlff.isolation import isolation_limits
    from openmm_mlff.measuring.stage_names import Progress
    from openmm_mlff.pipeline.judge import judge_directory
    from openmm_mlff.pipeline.opening import Validation, open_validation, run_plan
    from openmm_mlff.pipeline.preparing import Plan, prepare

_HOME = {
    "Plan": "pipeline.preparing",
    "isolation_limits": "isolation",
    "judge_directory": "pipeline.judge",
    "open_validation": "pipeline.opening",
    "prepare": "pipeline.preparing",
    "run_plan": "pipeline.opening",
}

__all__ = [
    "DEFAULT_SYSTEMS",
    "Plan",
    "ValidationRequest",
    "isolation_limits",
    "judge_directory",
    "open_request",
    "open_validation",
    "prepare",
    "run_plan",
    "validate",
]


def open_request(request: ValidationRequest) -> "Validation":
    """Load and check all that a validation needs, in the process that the request asks for.

    Args:
        request: what is asked.

    Returns:
        The validation; nothing has run yet.
    """
    from openmm_mlff.isolation import isolation_limits
    from openmm_mlff.pipeline.opening import open_validation

    limits = isolation_limits(
        sandbox=request.sandbox,
        time_limit_s=request.time_limit_s,
        memory_limit_gib=request.memory_limit_gib,
        total_time_limit_s=request.total_time_limit_s,
    )
    return open_validation(request, limits=limits, jobs=request.jobs)


def validate(
    potential: str, *, on_progress: "Progress | None" = None, **settings: Any
) -> ValidationReport:
    """Judge whether a potential is safe for production dynamics in OpenMM.

    Args:
        potential: spec string, e.g. ``student:original`` or ``best_model.pt``.
        on_progress: called with system, stage, done and total.
        **settings: fields of :class:`openmm_mlff.request.ValidationRequest`.

    Returns:
        The report; it also stands in the run directory, with its figures.
    """
    validation = open_request(request_from({"potential": potential, **settings}))
    return validation.run(on_progress=on_progress or (lambda *_: None))


def _signature() -> inspect.Signature:
    """Return the signature of `validate`, with every setting of a request as a keyword."""
    given = inspect.signature(validate)
    own = [one for one in given.parameters.values() if one.kind is not one.VAR_KEYWORD]
    own += [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=info.get_default(call_default_factory=True),
            annotation=info.annotation,
        )
        for name, info in ValidationRequest.model_fields.items()
        if name != "potential"
    ]
    return given.replace(parameters=own)


def _described(text: str) -> str:
    """Return the docstring of `validate` with what each setting means."""
    start, mark, end = text.partition("        **settings: fields")
    lines = [
        f"        {name}: {info.description}.\n"
        for name, info in ValidationRequest.model_fields.items()
        if name != "potential"
    ]
    return start + "".join(lines) + mark + end


validate.__signature__ = _signature()  # type: ignore[attr-defined]
validate.__doc__ = _described(validate.__doc__ or "")


def __getattr__(name: str) -> Any:
    """Load a name on first use (PEP 562).

    Returns:
        What the name stands for.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff.pipeline' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.{_HOME[name]}"), name)
