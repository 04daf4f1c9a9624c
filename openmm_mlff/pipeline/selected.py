"""A validation of which only a part may have been asked for, run once for several processes."""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from openmm_mlff.checks.cases import Case, Judgement, find_result
from openmm_mlff.checks.registry import checks_of, get_check, select
from openmm_mlff.config import Protocol
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline import run_plan
from openmm_mlff.pipeline.judge import judge_run
from openmm_mlff.pipeline.preparing import Plan, prepare
from openmm_mlff.probes import PROBES
from openmm_mlff.records import CheckResult, Status, ValidationReport, VerdictStatus
from openmm_mlff.rundir import RUN_FILE, RunDirectory, read_json

LOCK_FILE = "run.lock"

NO_DYNAMICS = {
    "replicas": 1,
    "equilibration_ps": 0.0,
    "duration_ps": 0.01,
    "longest_ps": 0.01,
}
"""Enough where no selected check looks at a trajectory."""


@dataclass(frozen=True)
class Request:
    """A validation as it is asked for; see :func:`openmm_mlff.pipeline.validate`."""

    potential: str
    systems: tuple[str, ...]
    protocol: str
    reference: str
    platform: str
    precision: str
    seed: int
    output: Path
    plugins: tuple[str, ...] = ()

    def plan(self) -> Plan:
        """Load and check all that is needed.

        Returns:
            The whole plan.

        Raises:
            UserError: anything of it is unknown, missing or unusable.
            RunDirectoryError: the folder holds a run; what an earlier model left there would say
                nothing of this one.
        """
        with _alone(self.output):
            return self.load()

    def load(self) -> Plan:
        """Load it in a process that has the folder to itself; see :meth:`plan`."""
        if (self.output / RUN_FILE).exists():
            raise RunDirectoryError(
                f"{self.output} already holds a run; delete it, or name another folder"
            )
        plan = prepare(
            self.potential,
            systems=self.systems,
            protocol=self.protocol,
            reference=self.reference,
            platform=self.platform,
            precision=self.precision,
            seed=self.seed,
            plugins=self.plugins,
            output=self.output,
            resume=False,
        )
        # The processes of one test run share the folder; their own lock lets one after the other.
        if plan.lock is not None:
            plan.lock.release()
        return replace(plan, lock=None)


def restrict(plan: Plan, wanted: Mapping[str, Sequence[str]]) -> Plan:
    """Leave in a plan what was selected; nothing that is cut away is run.

    The part of a protocol may reject, never approve.

    Args:
        plan: the whole.
        wanted: ids of checks, by name of the system.  A check that is wanted on one system is run
            on every system that is left.

    Returns:
        The plan itself where all of it is wanted.
    """
    protocol = plan.spec.protocol
    wanted_ids = {check_id for ids in wanted.values() for check_id in ids}
    kept = {name: molecule for name, molecule in plan.molecules.items() if name in wanted}
    if len(kept) == len(plan.molecules) and all(spec.id in wanted_ids for spec, _ in plan.checks):
        return plan
    part = _part_of(protocol, wanted_ids, of=len(plan.checks))
    return replace(
        plan,
        spec=plan.spec.model_copy(update={"protocol": part}),
        molecules=kept,
        checks=select(part),
    )


def _part_of(protocol: Protocol, wanted: set[str], *, of: int) -> Protocol:
    """Keep some checks of a protocol; where none looks at a trajectory, hardly run any."""
    dynamics = protocol.dynamics
    before_dynamics = {name for name, _ in PROBES}
    known = checks_of(protocol)
    specs = [get_check(check_id, known) for check_id in wanted]
    if all(spec.group == "parity" and before_dynamics.issuperset(spec.probes) for spec in specs):
        dynamics = dynamics.model_copy(update=NO_DYNAMICS)
    return protocol.model_copy(
        update={
            "name": f"{protocol.name} ({len(wanted)} of {of} checks selected)",
            "may_approve": False,
            "required": tuple(name for name in protocol.required if name in wanted),
            "reported": tuple(name for name in protocol.reported if name in wanted),
            "dynamics": dynamics,
        }
    )


def run_once(
    request: Request, wanted: Mapping[str, Sequence[str]], *, plan: Plan | None = None
) -> ValidationReport:
    """Run what was selected, or take what another process has run in the same folder.

    Args:
        request: the whole.
        wanted: ids of checks, by name of the system; the same in every process.
        plan: of the request, where it has been loaded already.

    Returns:
        The report.

    Raises:
        RunDirectoryError: another process began the run and did not end it.
    """
    with _alone(request.output):
        run_file = request.output / RUN_FILE
        if not run_file.exists():
            return run_plan(restrict(plan or request.load(), wanted))
        if read_json(run_file)["status"] != "complete":
            raise RunDirectoryError(
                f"another process began the run in {request.output} and did not end it; "
                "see the error of the test that ran there"
            )
        return judge_run(RunDirectory.open(request.output), plugins=request.plugins)[0]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process after the other into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def judge_verdict(report: ValidationReport, cases: Sequence[Case]) -> Judgement:
    """Say what the verdict comes to where a test can only pass, fail or be skipped.

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
    text = "\n".join([f"{verdict.status.value} {report.model.spec}", *verdict.reasons])
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
    """Whether a check passed, or said why it was not asked."""
    return result.status in (Status.PASS, Status.SKIPPED)
