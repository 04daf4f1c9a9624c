"""A validation as pytest runs it: once for several processes, and its verdict as a test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from openmm_mlff.checks.cases import Case, Judgement, find_result
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline.judge import judge_run
from openmm_mlff.pipeline.opening import Validation, open_validation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import CheckResult, Status, ValidationReport, VerdictStatus
from openmm_mlff.rundir import RUN_FILE, RunDirectory, read_json

LOCK_FILE = "run.lock"


def open_new(request: ValidationRequest) -> Validation:
    """Open a validation in a folder that holds no run.

    Args:
        request: with an output folder.

    Returns:
        The validation, in processes of its own where that is possible.

    Raises:
        RunDirectoryError: the folder holds a run, perhaps of an earlier model.
    """
    if request.output and (request.output / RUN_FILE).exists():
        raise RunDirectoryError(
            f"{request.output} already holds a run; delete it, or name another folder"
        )
    return open_validation(request)


def run_once(
    request: ValidationRequest,
    wanted: Mapping[str, Sequence[str]],
    *,
    opened: Validation | None = None,
) -> ValidationReport:
    """Run what was selected, or read what another process has run in the same folder.

    Args:
        request: with an output folder, the same in every process.
        wanted: ids of checks, by name of the system; the same in every process.
        opened: the validation, where it is open already.

    Returns:
        The report.

    Raises:
        RunDirectoryError: another process began the run and did not end it.
    """
    root = RunDirectory.create(request.output or Path()).root
    with FileLock(root / LOCK_FILE):
        if not (root / RUN_FILE).exists():
            validation = opened or open_new(request)
            return validation.run(on_progress=lambda *_: None, wanted=wanted)
        if read_json(root / RUN_FILE)["status"] != "complete":
            raise RunDirectoryError(
                f"another process began the run in {root} and did not end it; "
                "see the error of the test that ran there"
            )
        return judge_run(RunDirectory.open(root), plugins=request.plugins)[0]


def judge_verdict(report: ValidationReport, cases: Sequence[Case]) -> Judgement:
    """Translate the verdict into a test that passes, fails or is skipped.

    Only APPROVED passes.  A protocol that never approves passes where every required check
    passed, and is skipped where all that is missing was skipped for a reason; what is undecided,
    broken or not run fails.

    Args:
        report: of the whole protocol.
        cases: of the whole protocol.

    Returns:
        Passed, failed or skipped, with the verdict's own reasons.
    """
    verdict = report.verdict
    text = "\n".join([f"{verdict.label} {report.model.spec}", *map(str, verdict.reasons)])
    text += f"\n{verdict.recommendation}\nNext: {verdict.next_step}"
    if verdict.status is VerdictStatus.APPROVED:
        return Judgement("passed")
    if verdict.status is VerdictStatus.REJECTED or report.protocol["may_approve"]:
        return Judgement("failed", text)
    decisive = [result for result in report.checks if result.required]
    unmeasured = any(find_result(case, report.checks) is None for case in cases if case.required)
    if unmeasured or not decisive or not all(_answered(result) for result in decisive):
        return Judgement("failed", text)
    skipped = [result for result in decisive if result.status is Status.SKIPPED]
    if skipped:
        reasons = " ".join(f"{result.id}: {result.message}" for result in skipped)
        return Judgement("skipped", f"{verdict.status.value}, nothing found against it: {reasons}")
    return Judgement("passed")


def _answered(result: CheckResult) -> bool:
    """Check whether a result is a pass, not applicable, or skipped for a reason."""
    return result.status in (Status.PASS, Status.SKIPPED, Status.NOT_APPLICABLE)
