"""The judging half of a validation: observations, checks, verdict, report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openmm_mlff import verdict
from openmm_mlff.certificate.writing import write_certificate
from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.plugins import trusting_only, with_plugins
from openmm_mlff.checks.registry import checks_of, select
from openmm_mlff.config import Protocol, RunSpec, parse_protocol
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations import Observations
from openmm_mlff.observations.loader import load_observations
from openmm_mlff.pipeline.guard import guarded
from openmm_mlff.records import (
    CheckResult,
    ModelRecord,
    Scope,
    Status,
    ValidationReport,
    first_problem,
)
from openmm_mlff.rundir import (
    RUN_FILE,
    SYSTEM_FILE,
    RunDirectory,
    molecule_from_json,
    read_json,
)


class _RunRecord(BaseModel):
    """What is read of `run.json`."""

    model_config = ConfigDict(protected_namespaces=())

    schema_version: Literal[1] = 1
    status: str
    spec: RunSpec
    model: ModelRecord
    systems: tuple[Annotated[str, Field(pattern=r"^[^/\\\x00]+$")], ...]
    environment: dict[str, Any]


def judge_directory(
    directory: RunDirectory,
    *,
    protocol: Protocol | None = None,
    plugins: Sequence[str] = (),
) -> ValidationReport:
    """Judge what is in a run directory and write the report beside it.

    Args:
        directory: of a run, complete or not.
        protocol: None takes the one that it was run by.
        plugins: Python files with further checks, or in place of those of the run.

    Returns:
        The report.
    """
    report, observations = judge_run(directory, protocol=protocol, plugins=plugins)
    write_judgement(directory, report, observations)
    return report


def write_judgement(
    directory: RunDirectory,
    report: ValidationReport,
    observations: Mapping[str, Observations],
) -> None:
    """Write the report and, of an approved model, the certificate; no stale one stays.

    Args:
        directory: of the run.
        report: what was found.
        observations: by name of the system.
    """
    # Only here: the verdict needs no matplotlib, and is there at once without it.
    from openmm_mlff.report.writer import write_report

    # First: an interruption while figures are drawn must not leave an old certificate.
    write_certificate(directory, report, observations)
    protocol = parse_protocol(report.protocol, origin="the report")
    write_report(directory, report, observations, known=checks_of(protocol))


def judge_run(
    directory: RunDirectory,
    *,
    protocol: Protocol | None = None,
    plugins: Sequence[str] = (),
) -> tuple[ValidationReport, dict[str, Observations]]:
    """Judge what is in a run directory; nothing is written.

    Args:
        directory: of a run, complete or not.
        protocol: None takes the one that it was run by.
        plugins: Python files with further checks, or in place of those of the run.

    Returns:
        The report, and what was observed, by name of the system.
    """
    run = _read_run(directory)
    spec = RunSpec.model_validate(run["spec"])
    if protocol is None:
        protocol = trusting_only(spec.protocol, plugins)
    else:
        protocol = with_plugins(protocol, plugins)
    select(protocol)
    observed = {name: _observe(directory, name) for name in directory.system_names()}
    results = [
        result
        for name, (observations, problem) in observed.items()
        for result in _judge_system(observations, protocol, problem=problem)
    ]
    observations = {name: found for name, (found, _) in observed.items()}
    report = ValidationReport(
        model=ModelRecord.model_validate(run["model"]),
        protocol=protocol.model_dump(mode="json"),
        environment=run["environment"] | {"run_status": run["status"], "reference": spec.reference},
        systems=tuple(run["systems"]),
        checks=tuple(results),
        verdict=verdict.decide(
            results,
            protocol=protocol,
            scope=_scope(spec, observations, run),
            model_name=run["model"]["spec"],
        ),
    )
    return report, observations


def _read_run(directory: RunDirectory) -> dict[str, Any]:
    """Read `run.json`, and see that all that is needed of it is there.

    Args:
        directory: of a run.

    Returns:
        What it holds.

    Raises:
        RunDirectoryError: it is damaged, or of another version.
    """
    path = directory.root / RUN_FILE
    try:
        return _RunRecord.model_validate(read_json(path)).model_dump()
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path} is no record of a run of schema version 1 ({first_problem(error)}); "
            "expected what openmm-mlff validate wrote"
        ) from error


def _observe(directory: RunDirectory, name: str) -> tuple[Observations, str]:
    """Load what was observed; what cannot be loaded is said, not raised."""
    loaded = guarded(lambda: load_observations(directory, name))
    if loaded.value is not None:
        return loaded.value, ""
    molecule = molecule_from_json(read_json(directory.system(name) / SYSTEM_FILE))
    return Observations(system=molecule), loaded.broken.traceback if loaded.broken else "unknown"


def _judge_system(
    observations: Observations, protocol: Protocol, *, problem: str
) -> list[CheckResult]:
    """Run every check of the protocol on one system."""
    results = []
    for spec, required in select(protocol):
        for view in _views(spec, observations):
            if problem:
                result = spec.error(view, reason="its files cannot be read", traceback=problem)
            else:
                result = _run_check(spec, view, protocol)
            meaningful = required and not _is_not_applicable(result, view)
            results.append(result.model_copy(update={"required": meaningful}))
    return results


def _run_check(spec: CheckSpec, view: Observations, protocol: Protocol) -> CheckResult:
    """Run one check; where its code breaks, the result is an ERROR with the traceback."""
    outcome = guarded(lambda: spec.function(view, protocol.criteria_for(spec.id)))
    if outcome.value is not None:
        return outcome.value
    broken = outcome.broken
    return spec.error(
        view,
        reason=broken.reason if broken else "the check gave no result",
        traceback=broken.traceback if broken else "",
    )


def _views(spec: CheckSpec, observations: Observations) -> list[Observations]:
    """Give what a check is called with: the system once, or once a condition."""
    if spec.scope == "system":
        return [observations]
    views = [observations.at(condition) for condition in observations.conditions()]
    return views or [replace(observations, runs=())]


def _is_not_applicable(result: CheckResult, observations: Observations) -> bool:
    """Tell a question that has no meaning for this potential from one that was not answered."""
    probe = observations.probes.get(result.id)
    return (
        result.status is Status.SKIPPED
        and probe is not None
        and probe.data.get("applicable") is False
    )


def _scope(spec: RunSpec, observations: dict[str, Observations], run: dict) -> Scope:
    """State what was tested: what was run, not what was asked for."""
    runs = [run for found in observations.values() for run in found.runs]
    elements = {symbol for found in observations.values() for symbol in found.system.symbols}
    platforms = sorted({run.platform for run in runs if run.platform})
    return Scope(
        elements=tuple(sorted(elements)),
        systems=tuple(observations),
        temperatures_kelvin=tuple(sorted({run.condition.temperature_kelvin for run in runs})),
        max_timestep_fs=max((run.condition.timestep_fs for run in runs), default=0.0),
        duration_ps=min((run.completed_ps for run in runs), default=0.0),
        platform=", ".join(platforms) or spec.platform,
        precision=spec.precision,
    )
