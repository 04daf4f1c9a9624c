"""Provenance of the results, and the commands that reproduce them."""

from collections.abc import Mapping
from typing import Any

from openmm_mlff.report.templating import evidence_text, flatten
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import ValidationReport


def provenance_rows(report: ValidationReport) -> list[tuple[str, str]]:
    """Return names and values of the provenance, without thresholds, which are with the results."""
    model = {"model": report.model.spec, "sha256": report.model.sha256}
    settings = {key: value for key, value in report.protocol.items() if key != "criteria"}
    tables = {**model, **report.environment, "protocol": settings}
    return [(key, evidence_text(value)) for key, value in flatten(tables)]


def repeat_command(report: ValidationReport, *, run: Mapping[str, Any] | None) -> str:
    """Return the POSIX shell command that repeats the validation.

    Without ``run``, the content of `run.json`, it is derived from the report.
    """
    asked = (run or {}).get("request") or {
        "potential": report.model.spec,
        "systems": report.systems,
        "protocol": str(report.protocol.get("name", "standard")),
        "reference": report.environment.get("reference"),
    }
    return ValidationRequest.model_validate(asked).to_command()
