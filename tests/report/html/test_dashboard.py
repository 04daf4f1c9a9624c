import math

import pytest

from openmm_mlff.report.html.dashboard import dashboard_rows, statuses_of
from openmm_mlff.results import Status


def measured(make_result, *, value, threshold, at_least=False, **fields):
    return make_result(
        "some_check", value=value, threshold=threshold, unit="eV", at_least=at_least, **fields
    )


@pytest.mark.parametrize(
    ("value", "threshold", "at_least", "used"),
    [
        (0.5, 2.0, False, 0.25),
        (-0.5, 2.0, False, 0.25),
        (10.0, 5.0, True, 0.5),
        (0.0, 5.0, True, math.inf),
        (0.0, 2.0, False, 0.0),
        (1.0, 0.0, False, math.inf),
    ],
)
def test_a_result_uses_part_of_its_limit(make_result, value, threshold, at_least, used):
    result = measured(make_result, value=value, threshold=threshold, at_least=at_least)
    assert result.limit_used == pytest.approx(used)


def test_a_run_that_ended_as_asked_uses_nothing_and_one_that_broke_is_beyond(make_result):
    asked = {"threshold": 10.0, "unit": "ps", "at_least": True}
    whole = make_result("stability", value=10.0, **asked)
    assert whole.limit_used is None
    broken = make_result("stability", value=2.0, status=Status.FAIL, **asked)
    assert broken.limit_used == pytest.approx(5.0)
    assert make_result("memory", value=5.0).limit_used is None


def test_rows_are_checks_and_cells_are_systems(make_report):
    report = make_report(systems=("water", "methane"))
    rows = dashboard_rows(report)
    assert [row.check_id for row in rows] == [
        "stability",
        "energy_drift",
        "drift_percent",
        "force_accuracy",
        "energy_accuracy",
        "speed",
    ]
    drift = rows[1]
    assert [cell.system for cell in drift.cells] == ["water", "methane"]
    assert drift.cells[0].value == "0.0123 ± 0.0045 meV/atom/ps"
    assert drift.cells[0].limit == "limit 0.1 meV/atom/ps"
    assert drift.cells[0].used_text == "12 % of the limit"
    assert drift.title == "Is the total energy conserved?"
    assert drift.required
    assert not rows[2].required


def test_the_gravest_and_nearest_to_its_limit_sorts_first(make_report, make_result):
    results = [
        measured(make_result, value=value, threshold=1.0, status=status, system=name)
        for name, value, status in (
            ("calm", 0.1, Status.PASS),
            ("near", 0.9, Status.PASS),
            ("bad", 1.1, Status.FAIL),
            ("worse", 1e6, Status.FAIL),
        )
    ]
    results.append(make_result("some_check", status=Status.ERROR, system="broken"))
    (row,) = dashboard_rows(make_report(checks=results, systems=()))
    ordered = sorted(row.cells, key=lambda cell: cell.order)
    assert [cell.system for cell in ordered] == ["worse", "bad", "broken", "near", "calm"]
    bars = {cell.system: cell.bar for cell in row.cells}
    assert bars["calm"] < bars["near"] < 200.0 / 3.0 < bars["bad"] < bars["worse"] == 100.0
    assert bars["broken"] is None


def test_a_missing_result_is_an_empty_cell(make_report, make_result):
    checks = [make_result("speed"), make_result("stability", system="methane")]
    rows = dashboard_rows(make_report(checks=checks, systems=("water", "methane")))
    missing = rows[0].cells[0]
    assert rows[0].check_id == "stability"
    assert missing.result is None
    assert missing.status == missing.value == ""


def test_statuses_are_counted_gravest_first(make_report, make_result):
    checks = [make_result("a"), make_result("b"), make_result("c", status=Status.FAIL)]
    assert statuses_of(make_report(checks=checks)) == [("FAIL", "✘", 1), ("PASS", "✔", 2)]
