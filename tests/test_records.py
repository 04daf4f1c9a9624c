"""Reports survive the way through JSON, and what is not finite becomes null, never a number."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from openmm_mlff.records import (
    EXIT_CODES,
    CheckResult,
    ModelRecord,
    Scope,
    Status,
    ValidationReport,
    Verdict,
    VerdictStatus,
    jsonable,
    report_schema,
)


def make_report(status=VerdictStatus.REJECTED, **result):
    fields = {"id": "speed", "group": "performance", "system": "water", "status": Status.FAIL}
    check = CheckResult(**(fields | {"message": "too slow"} | result))
    scope = Scope(
        elements=("H", "O"),
        systems=("water",),
        temperatures_kelvin=(300.0,),
        max_timestep_fs=0.5,
        duration_ps=10.0,
        platform="Reference",
        precision="mixed",
    )
    return ValidationReport(
        model=ModelRecord(spec="x.pt", name="x", sha256="00"),
        protocol={"name": "standard"},
        environment={"openmm": "8.6.1"},
        systems=("water",),
        checks=(check,),
        verdict=Verdict(status=status, reasons=("r",), recommendation="none", scope=scope),
    )


@given(value=st.floats() | st.none(), number=st.floats())
def test_a_report_survives_the_way_through_json(value, number):
    report = make_report(value=value, evidence={"array": np.array([number, 1.0]), "n": np.int64(3)})
    again = ValidationReport.from_json(report.to_json())
    assert again == report
    json.loads(report.to_json(), parse_constant=pytest.fail)


@given(st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_what_is_not_finite_becomes_null(number):
    assert make_report(value=number).checks[0].value is None
    assert jsonable({"a": [number, (number,)]}) == {"a": [None, [None]]}


def test_numpy_becomes_plain():
    plain = jsonable({"a": np.arange(2), "b": np.float32(1.5), "c": {1}, "d": np.bool_(True)})
    assert plain == {"a": [0, 1], "b": 1.5, "c": [1], "d": True}


def test_each_verdict_has_its_exit_code():
    assert {status.value: code for status, code in EXIT_CODES.items()} == {
        "APPROVED": 0,
        "REJECTED": 1,
        "INCONCLUSIVE": 3,
    }
    assert [make_report(status).exit_code for status in VerdictStatus] == [0, 1, 3]


def test_another_schema_and_unknown_keys_are_refused():
    table = json.loads(make_report().to_json())
    for change in ({"schema_version": 2}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            ValidationReport.from_json(json.dumps(table | change))


def test_the_published_schema_is_that_of_the_report(repository):
    published = json.loads((repository / "openmm_mlff/report/report.schema.json").read_text())
    assert published == json.loads(json.dumps(report_schema()))
    assert set(published["required"]) == set(json.loads(make_report().to_json())) - {
        "schema_version"
    }
