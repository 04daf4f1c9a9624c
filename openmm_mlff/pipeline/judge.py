"""Judge the measurements in a run directory: checks, verdict, report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openmm_mlff import verdict
from openmm_mlff.certificate.writer import write_certificate
from openmm_mlff.checks.base import (
    Check,
    Judgement,
    conditions_of,
    error,
    measurement_name,
    no_plots,
    not_applicable,
    skipped,
)
from openmm_mlff.checks.dynamics.temperature import CHECK as TEMPERATURE
from openmm_mlff.checks.plugins import trusting_only, with_plugins
from openmm_mlff.checks.registry import checks_of, select, without_retired
from openmm_mlff.config import Protocol, first_problem, parse_protocol
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.measuring.guard import Broken, Outcome, guarded
from openmm_mlff.pipeline.scope import scope_of
from openmm_mlff.pipeline.timesteps import blame_timesteps, too_long_timesteps
from openmm_mlff.plots import Plot
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import CheckResult, ModelRecord, ValidationReport
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.measurements import DONE, ERROR, NOT_APPLICABLE, SKIPPED
from openmm_mlff.storage.run_directory import (
    RUN_FILE,
    SYSTEM_FILE,
    RunDirectory,
    molecule_from_json,
    read_json,
)
from openmm_mlff.storage.runs import Evidence, RunCondition, Runs

if TYPE_CHECKING:
    from openmm_mlff.report.figures import PlacedPlot


class _RunRecord(BaseModel):
    """Content of `run.json` that is needed here."""

    model_config = ConfigDict(protected_namespaces=())

    schema_version: Literal[2]
    status: str
    spec: ResolvedRequest
    request: dict[str, Any]
    fingerprints: dict[str, Any]
    model: ModelRecord
    systems: tuple[Annotated[str, Field(pattern=r"^[^/\\\x00]+$")], ...]
    environment: dict[str, Any]
    not_asked: dict[str, str] = Field(default_factory=dict)


def judge_directory(
    directory: RunDirectory, *, protocol: Protocol | None = None, plugins: Sequence[str] = ()
) -> ValidationReport:
    """Judge a run directory with :func:`judge_run` and write the report into it."""
    report, observations = judge_run(directory, protocol=protocol, plugins=plugins)
    write_judgement(directory, report, observations)
    return report.at(directory.root)


def write_judgement(
    directory: RunDirectory,
    report: ValidationReport,
    observations: Mapping[str, Evidence],
    *,
    figures: bool = False,
) -> None:
    """Write the report and, if the model is approved, the certificate; else remove an old one.

    With ``figures``, every plot is also written as PNG and SVG.
    """
    # Imported here because the verdict alone does not need matplotlib.
    from openmm_mlff.report.writer import write_report

    # First, because an interruption during plotting must not leave an old certificate.
    write_certificate(directory, report, observations)
    protocol = parse_protocol(report.protocol, origin="the report")
    plots = check_plots(observations, protocol)
    write_report(
        directory, report, observations, known=checks_of(protocol), plots=plots, figures=figures
    )


def judge_run(
    directory: RunDirectory, *, protocol: Protocol | None = None, plugins: Sequence[str] = ()
) -> tuple[ValidationReport, dict[str, Evidence]]:
    """Judge what is in a run directory, complete or not, without writing.

    The protocol is that of the run by default; `plugins` are Python files with further checks, or
    replacements for those of the run.

    Returns:
        The report, and the evidence by name of the system.
    """
    run = _read_run(directory)
    if protocol is None:
        protocol = without_retired(trusting_only(run.spec.protocol, plugins))
    else:
        protocol = with_plugins(protocol, plugins)
    select(protocol)
    observed = {name: _observe(directory, name) for name in directory.system_names()}
    judged = {
        name: _judge_system(observations, protocol, problem=problem)
        for name, (observations, problem) in observed.items()
    }
    too_long = {
        name: too_long_timesteps(judged[name], observations)
        for name, (observations, _) in observed.items()
    }
    results = [one for name in judged for one in blame_timesteps(judged[name], too_long[name])]
    observations = {name: found for name, (found, _) in observed.items()}
    report = ValidationReport(
        model=run.model,
        protocol=protocol.model_dump(mode="json"),
        environment=run.environment | {"run_status": run.status, "reference": run.spec.reference},
        systems=run.systems,
        checks=tuple(results),
        verdict=verdict.decide(
            results,
            protocol=protocol,
            scope=scope_of(
                observations,
                temperatures=_temperatures(results, observations, protocol),
                too_long=too_long,
                spec=run.spec,
            ),
            model_name=run.model.spec,
            not_asked=run.not_asked,
        ),
    )
    return report, observations


def _read_run(directory: RunDirectory) -> _RunRecord:
    """Read and check `run.json`."""
    path = directory.root / RUN_FILE
    try:
        return _RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path} is not a run.json of schema version 2 ({first_problem(error)}); expected a "
            "folder that this version of openmm-mlff validate wrote: validate again"
        ) from error


def _observe(directory: RunDirectory, name: str) -> tuple[Evidence, str]:
    """Return the evidence of a system, and the traceback if it cannot be read."""
    loaded = guarded(lambda: load_evidence(directory, name))
    if loaded.value is not None:
        return loaded.value, ""
    molecule = molecule_from_json(read_json(directory.system(name) / SYSTEM_FILE))
    return Evidence(system=molecule), loaded.broken.traceback if loaded.broken else "unknown"


def _judge_system(evidence: Evidence, protocol: Protocol, *, problem: str) -> list[CheckResult]:
    """Judge every check of the protocol on one system."""
    results = []
    for check, required in select(protocol):
        for condition in conditions_of(check, protocol):
            if problem:
                judgement = error("its files cannot be read", traceback=problem)
            else:
                judgement = judge_measurement(check, evidence, protocol, condition=condition)
            result = _result(check, judgement, system=evidence.system.name, condition=condition)
            broken = _plots_of(check, evidence, protocol, condition=condition).broken
            told = {} if broken is None else {"plots_failed": broken.reason}
            update = {"required": required, "evidence": {**result.evidence, **told}}
            results.append(result.model_copy(update=update))
    return results


def _temperatures(
    results: Sequence[CheckResult], observations: Mapping[str, Evidence], protocol: Protocol
) -> list[CheckResult]:
    """Return the results of `temperature`, judged here where the protocol does not name it."""
    return [result for result in results if result.id == TEMPERATURE.id] or [
        _result(
            TEMPERATURE,
            judge_measurement(TEMPERATURE, evidence, protocol, condition=condition),
            system=name,
            condition=condition,
        )
        for name, evidence in observations.items()
        for condition in conditions_of(TEMPERATURE, protocol)
    ]


def _result(
    check: Check, judgement: Judgement, *, system: str, condition: RunCondition | None
) -> CheckResult:
    """Convert a judgement to a result; an inconsistent judgement becomes an ERROR."""
    outcome = guarded(lambda: check.result(judgement, system=system, condition=condition))
    if outcome.broken is not None:
        judgement = error(**vars(outcome.broken))
    return outcome.value or check.result(judgement, system=system, condition=condition)


def judge_measurement(
    check: Check, evidence: Evidence, protocol: Protocol, *, condition: RunCondition | None
) -> Judgement:
    """Judge one stored measurement; ERROR if the measurement or the code of the check failed.

    `condition` is None for a check of the whole system.
    """
    stored = evidence.measurements.get(measurement_name(check, condition))
    if stored is not None and stored.status == ERROR:
        return error(stored.reason, traceback=stored.traceback)
    if stored is not None and stored.status == SKIPPED:
        return skipped(stored.reason)
    if stored is not None and stored.status == NOT_APPLICABLE:
        return not_applicable(stored.reason)

    def judge() -> Judgement:
        record = _read_record(check, evidence, condition)
        if record is not None:
            return check.judge(record, protocol.limits_for(check.id))
        if check.record is Runs:
            return skipped("no simulation was run")
        return skipped("it was not measured; complete the validation with --resume")

    outcome = guarded(judge)
    broken = outcome.broken or Broken("the check returned no judgement", "")
    return error(**vars(broken)) if outcome.value is None else outcome.value


def _read_record(check: Check, evidence: Evidence, condition: RunCondition | None) -> Any | None:
    """Return the record that a check judges and plots; None if there is none."""
    if check.record is Runs:
        runs = evidence if condition is None else evidence.at(condition)
        return runs if runs.runs else None
    stored = evidence.measurements.get(measurement_name(check, condition))
    return stored.record(check.record) if stored is not None and stored.status == DONE else None


def _plots_of(
    check: Check, evidence: Evidence, protocol: Protocol, *, condition: RunCondition | None
) -> Outcome[list[Plot]]:
    """Return the plots of a check, or the failure."""

    def plots() -> list[Plot]:
        record = _read_record(check, evidence, condition)
        return [] if record is None else list(check.plots(record, protocol.limits_for(check.id)))

    return Outcome(value=[]) if check.plots is no_plots else guarded(plots)


def check_plots(observations: Mapping[str, Evidence], protocol: Protocol) -> "list[PlacedPlot]":
    """Return the plots of all checks, omitting those that failed."""
    from openmm_mlff.report.figures import PlacedPlot

    return [
        PlacedPlot(
            check.id,
            system,
            condition,
            plot if plot.name else replace(plot, name=f"plot_{check.id}_{position}"),
        )
        for system, evidence in observations.items()
        for check, _ in select(protocol)
        for condition in conditions_of(check, protocol)
        for position, plot in enumerate(
            _plots_of(check, evidence, protocol, condition=condition).value or (), 1
        )
    ]
