"""Reports survive the way through JSON, and what is not finite becomes null, never a number."""

import json
from dataclasses import make_dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from openmm_mlff.results import (
    EXIT_CODES,
    CheckResult,
    ModelRecord,
    Status,
    ValidationReport,
    VerdictStatus,
    report_schema,
)
from openmm_mlff.storage.files import jsonable


@pytest.fixture(scope="module")
def make_report(make_verdict):
    def make(status=VerdictStatus.REJECTED, **result):
        fields = {"id": "speed", "group": "performance", "system": "water", "status": Status.FAIL}
        check = CheckResult(**(fields | {"message": "too slow"} | result))
        return ValidationReport(
            model=ModelRecord(spec="x.pt", name="x", sha256="00"),
            protocol={"name": "standard"},
            environment={"openmm": "8.6.1"},
            systems=("water",),
            checks=(check,),
            verdict=make_verdict(status),
        )

    return make


@given(value=st.floats() | st.none(), number=st.floats())
def test_a_report_survives_the_way_through_json(make_report, value, number):
    report = make_report(value=value, evidence={"array": np.array([number, 1.0]), "n": np.int64(3)})
    again = ValidationReport.from_json(report.to_json())
    assert again == report
    json.loads(report.to_json(), parse_constant=pytest.fail)


def test_values_become_plain_json_without_numbers_that_are_not_finite():
    pair = make_dataclass("Pair", ["x", "y"])(np.bool_(True), {1})
    given = {"a": np.arange(2), "b": np.float32(1.5), "c": [np.nan, (np.inf,)], "d": pair}
    plain = {"a": [0, 1], "b": 1.5, "c": [None, [None]], "d": {"x": True, "y": [1]}}
    assert jsonable(given) == plain


def test_each_verdict_has_its_exit_code(make_report):
    codes = {status.value: code for status, code in EXIT_CODES.items()}
    assert codes == {"APPROVED": 0, "REJECTED": 1, "INCONCLUSIVE": 3}
    assert [make_report(status).exit_code for status in VerdictStatus] == [0, 1, 3]


def test_another_schema_and_unknown_keys_are_refused(make_report):
    table = json.loads(make_report().to_json())
    for change in ({"schema_version": 1}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            ValidationReport.from_json(json.dumps(table | change))


def test_the_published_schema_is_that_of_the_report(repository, make_report):
    published = json.loads((repository / "openmm_mlff/report/report.schema.json").read_text())
    assert published == json.loads(json.dumps(report_schema()))
    assert set(published["required"]) == set(json.loads(make_report().to_json())) - {
        "schema_version"
    }


def test_a_status_that_does_not_follow_from_the_claims_is_refused(make_report):
    table = json.loads(make_report(VerdictStatus.APPROVED).to_json())
    table["verdict"]["status"] = "REJECTED"
    with pytest.raises(ValidationError, match="claims"):
        ValidationReport.from_json(json.dumps(table))


def test_the_fields_that_other_programs_read_keep_their_names(make_report):
    table = json.loads(make_report(value=2.0, threshold=1.0, unit="ms/step").to_json())
    assert table["schema_version"] == 2
    assert table["verdict"]["status"] == "REJECTED"
    assert set(table["verdict"]["claims"]) == {"sound", "accurate"}
    check = table["checks"][0]
    found = {name: check[name] for name in ("status", "value", "threshold", "unit", "required")}
    numbers = {"value": 2.0, "threshold": 1.0, "unit": "ms/step"}
    assert found == {"status": "FAIL", "required": True, **numbers}


def test_a_report_shows_itself_and_its_results_by_name(make_report, tmp_path):
    report = make_report(value=2.0, threshold=1.0, unit="ms/step", message="a < b")
    (result,) = report.checks
    assert report.checks[result.id] == report.checks[result.system] == report.checks[:] == (result,)
    assert report.checks[0] is result
    with pytest.raises(KeyError, match=f"no check or system 'sped'; known checks: {result.id}"):
        report.checks["sped"]
    assert report.verdict.label in repr(report)
    assert "\n" not in repr(report)
    assert "<td>a &lt; b</td>" in report._repr_html_()
    assert (report.path, report.at(tmp_path).path) == (None, tmp_path)
    assert report.at(tmp_path) == ValidationReport.from_json(report.to_json())
    (row,) = report.to_dataframe().to_dict("records")
    assert (row["id"], row["value"], row["status"]) == (result.id, 2.0, "FAIL")
