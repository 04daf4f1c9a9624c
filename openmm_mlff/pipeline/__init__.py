"""Run the stages of a validation: prepare, produce, judge.

Importing this package loads neither torch nor OpenMM.
"""

import inspect
from typing import TYPE_CHECKING, Any

from openmm_mlff.request import ValidationRequest, request_from
from openmm_mlff.results import ValidationReport

if TYPE_CHECKING:
    from openmm_mlff.measuring.stage_names import Progress


def validate(
    potential: Any, *, on_progress: "Progress | None" = None, **settings: Any
) -> ValidationReport:
    """Validate whether a potential is safe for production dynamics in OpenMM.

    Args:
        potential: spec string, e.g. ``student:original`` or ``best_model.pt``, or an ASE
            calculator. `reference` and `own_calculator` may be calculators, too, and `systems` one
            or several of ``ase.Atoms``, RDKit ``Mol``, OpenMM's ``PDBFile`` or
            ``(topology, positions)``: objects are written to ``inputs`` in the output folder.
        on_progress: called with system, stage, done and total; by default, bars in a notebook, and
            elsewhere lines to the log ``openmm_mlff`` (``logging.basicConfig(level="INFO")`` shows
            them).
        **settings: fields of :class:`openmm_mlff.request.ValidationRequest`.

    Returns:
        The report, which is also written to the run directory.
    """
    from openmm_mlff.pipeline.objects import named
    from openmm_mlff.pipeline.opening import open_validation
    from openmm_mlff.pipeline.progress import default_progress

    with named({"potential": potential, **settings}) as given:
        validation = open_validation(request_from(given))
    return validation.run(on_progress=on_progress or default_progress())


_SETTINGS = {k: info for k, info in ValidationRequest.model_fields.items() if k != "potential"}


def _signature() -> inspect.Signature:
    """Return the signature of `validate` with each setting of a request as a keyword."""
    given = inspect.signature(validate)
    own = [one for one in given.parameters.values() if one.kind is not one.VAR_KEYWORD]
    own += [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=info.get_default(call_default_factory=True),
            annotation=info.annotation,
        )
        for name, info in _SETTINGS.items()
    ]
    return given.replace(parameters=own)


def _described(text: str) -> str:
    """Return the docstring of `validate` with a description of each setting."""
    start, mark, end = text.partition("        **settings: fields")
    lines = [f"        {name}: {info.description}.\n" for name, info in _SETTINGS.items()]
    return start + "".join(lines) + mark + end


validate.__signature__ = _signature()  # type: ignore[attr-defined]
validate.__doc__ = _described(validate.__doc__ or "")
