"""A validation run by pytest: once for all its processes, with the verdict as a test."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from openmm_mlff.checks.cases import Case, Judgement, find_result
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline.judge import judge_run
from openmm_mlff.pipeline.opening import open_validation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import CheckResult, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory, read_json

if TYPE_CHECKING:
    from openmm_mlff.pipeline.opening import Validation

LOCK_FILE = "run.lock"


def open_new(request: ValidationRequest) -> "Validation":
    """Open a validation in the request's output folder.

    Raises:
        RunDirectoryError: the folder already holds a run, perhaps of an earlier model.
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
    opened: "Validation | None" = None,
) -> ValidationReport:
    """Run the selected checks, or read the results of another process in the same folder.

    The request, with an output folder, and the ids of checks by name of the system, `wanted`, are
    the same in every process.

    Raises:
        RunDirectoryError: another process started the run and did not finish it.
    """
    root = RunDirectory.create(request.output or Path()).root
    with FileLock(root / LOCK_FILE):
        if not (root / RUN_FILE).exists():
            validation = opened or open_new(request)
            return validation.run(on_progress=lambda *_: None, wanted=wanted)
        if read_json(root / RUN_FILE)["status"] != "complete":
            raise RunDirectoryError(
                f"another process started the run in {root} and did not finish it; see the error "
                "of the test that ran there"
            )
        return judge_run(RunDirectory.open(root), plugins=request.plugins)[0]


def judge_verdict(report: ValidationReport, cases: Sequence[Case]) -> Judgement:
    """Convert the verdict of a whole protocol to passed, failed or skipped.

    Only APPROVED passes.  A protocol that never approves passes if every required check passed,
    and is skipped if the only missing required checks were skipped.  Required checks that are
    inconclusive, broken or not run fail.
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
    """Check whether a result is PASS, SKIPPED or NOT APPLICABLE."""
    return result.status in (Status.PASS, Status.SKIPPED, Status.NOT_APPLICABLE)
