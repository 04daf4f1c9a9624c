"""Where the numbers come from, and the commands that make them again."""

from collections.abc import Mapping
from typing import Any

from openmm_mlff.report.templating import evidence_text, flatten
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport


def provenance_rows(report: ValidationReport) -> list[tuple[str, str]]:
    """Lay out what was run with what.

    Args:
        report: with its environment and its protocol.

    Returns:
        Name and value; thresholds are left out, since they stand beside the results.
    """
    model = {"model": report.model.spec, "sha256": report.model.sha256}
    settings = {key: value for key, value in report.protocol.items() if key != "criteria"}
    tables = {**model, **report.environment, "protocol": settings}
    return [(key, evidence_text(value)) for key, value in flatten(tables)]


def repeat_command(report: ValidationReport, *, run: Mapping[str, Any] | None) -> str:
    """Return the command that runs the validation again.

    Args:
        report: names potential, systems and protocol where there is no record of the request.
        run: the run directory's `run.json`; None where there is none.

    Returns:
        A line for a POSIX shell.
    """
    asked = (run or {}).get("request") or {
        "potential": report.model.spec,
        "systems": report.systems,
        "protocol": str(report.protocol.get("name", "standard")),
        "reference": report.environment.get("reference"),
    }
    return ValidationRequest.model_validate(asked).to_command()
