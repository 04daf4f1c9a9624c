"""What several processes make of one folder, and the verdict as a test."""

import pytest

from openmm_mlff import verdict
from openmm_mlff.checks.cases import list_cases
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline import selected
from openmm_mlff.pipeline.selected import judge_verdict, open_new, run_once
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import CheckResult, ModelRecord, Scope, Status, ValidationReport
from openmm_mlff.storage.run_directory import write_json

from ..springs import write_torchscript

SCOPE = Scope(
    elements=("H", "O"),
    systems=("water",),
    temperatures_kelvin=(300.0,),
    max_timestep_fs=0.5,
    duration_ps=1.0,
    platform="CPU",
    precision="mixed",
)
REQUIRED = ("determinism", "force_accuracy")


@pytest.fixture
def request_(tmp_path):
    return ValidationRequest(
        potential=write_torchscript(tmp_path),
        systems=("water", "methane"),
        protocol="quick",
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
    )


def test_a_folder_with_a_run_is_not_opened(request_):
    request_.output.mkdir()
    write_json(request_.output / "run.json", {"status": "complete"})
    with pytest.raises(RunDirectoryError, match="already holds a run; delete it"):
        open_new(request_)


def test_a_run_that_another_process_left_is_not_taken_for_done(request_):
    request_.output.mkdir()
    write_json(request_.output / "run.json", {"status": "running"})
    with pytest.raises(RunDirectoryError, match=r"started the run .* and did not finish it"):
        run_once(request_, {"water": ["determinism"]})


def test_a_run_that_is_there_is_read_and_not_repeated(request_, monkeypatch):
    wanted = {"water": ["determinism"]}
    first = run_once(request_, wanted)
    monkeypatch.delattr(selected, "open_new")
    assert run_once(request_, wanted) == first
    assert [(check.system, check.id) for check in first.checks] == [("water", "determinism")]


def judged(*, may_approve=False, **statuses):
    quick = load_protocol("quick")
    part = {"required": REQUIRED, "reported": ("memory",), "may_approve": may_approve}
    protocol = quick.model_copy(update=part)
    statuses = {"determinism": Status.PASS, "force_accuracy": Status.PASS} | statuses
    checks = tuple(
        CheckResult(
            id=check,
            group="parity" if check == "determinism" else "accuracy",
            system="water",
            status=status,
            required=check in REQUIRED,
            message=f"{check} was {status.value}.",
        )
        for check, status in statuses.items()
        if status is not None
    )
    report = ValidationReport(
        model=ModelRecord(spec="student:tiny", name="tiny", sha256="0"),
        protocol=protocol.model_dump(mode="json"),
        environment={},
        systems=("water",),
        checks=checks,
        verdict=verdict.decide(
            checks,
            protocol=protocol,
            scope=SCOPE,
            model_name="student:tiny",
        ),
    )
    return judge_verdict(report, list_cases(protocol, ["water"]))


@pytest.mark.parametrize(
    ("accuracy", "approving", "never_approving"),
    [
        (Status.PASS, "passed", "passed"),
        (Status.FAIL, "failed", "failed"),
        (Status.ERROR, "failed", "failed"),
        (Status.INCONCLUSIVE, "failed", "failed"),
        (Status.SKIPPED, "failed", "skipped"),
        (None, "failed", "failed"),
    ],
)
def test_the_verdict_fails_closed(accuracy, approving, never_approving):
    assert judged(may_approve=True, force_accuracy=accuracy).kind == approving
    assert judged(may_approve=False, force_accuracy=accuracy).kind == never_approving


def test_the_verdict_fails_with_its_reasons():
    text = judged(determinism=Status.FAIL).text
    assert text.startswith("REJECTED student:tiny\ndeterminism FAIL on water: ")
    assert "\nNext: determinism on water first." in text


def test_what_is_only_reported_does_not_decide():
    assert judged(memory=Status.FAIL).kind == "passed"
