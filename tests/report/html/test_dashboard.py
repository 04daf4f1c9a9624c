import math

import pytest

from openmm_mlff.report.html.dashboard import dashboard_rows, statuses_of
from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({"value": 0.5, "threshold": 2.0}, 0.25),
        ({"value": -0.5, "threshold": 2.0}, 0.25),
        ({"value": 0.0, "threshold": 2.0}, 0.0),
        ({"value": 1.0, "threshold": 0.0}, math.inf),
        ({"value": 10.0, "threshold": 5.0, "at_least": True}, 0.5),
        ({"value": 0.0, "threshold": 5.0, "at_least": True}, math.inf),
        # A complete run uses nothing of its limit.
        ({"value": 10.0, "threshold": 10.0, "at_least": True}, None),
        ({"value": 2.0, "threshold": 10.0, "at_least": True, "status": Status.FAIL}, 5.0),
        ({"value": 5.0}, None),
    ],
)
def test_a_result_uses_part_of_its_limit(make_result, fields, used):
    result = make_result("stability", unit="ps", **fields)
    assert result.limit_used == (used if used is None else pytest.approx(used))


def test_rows_are_checks_and_cells_are_systems(make_report, make_checks, make_result):
    checks = [*make_checks(), *make_checks("methane")[1:]]
    rows = dashboard_rows(make_report(checks=checks, systems=("water", "methane")))
    assert [row.check_id for row in rows] == [result.id for result in make_checks()]
    missing = rows[0].cells[1]
    assert missing.result is None
    drift = rows[1]
    assert drift.title == "Is the total energy conserved?"
    assert drift.required
    assert not rows[2].required
    assert [cell.system for cell in drift.cells] == ["water", "methane"]
    cell = drift.cells[0]
    assert cell.used_text == "12 % of the limit"


def test_the_most_severe_and_nearest_to_its_limit_sorts_first(make_report, make_result):
    numbers = {
        "calm": (0.1, Status.PASS),
        "near": (0.9, Status.PASS),
        "bad": (1.1, Status.FAIL),
        "worse": (1e6, Status.FAIL),
        "broken": (None, Status.ERROR),
    }
    results = [
        make_result("some_check", value=value, threshold=1.0, status=status, system=name)
        for name, (value, status) in numbers.items()
    ]
    report = make_report(checks=results, systems=())
    (row,) = dashboard_rows(report)
    ordered = sorted(row.cells, key=lambda cell: cell.order)
    assert [cell.system for cell in ordered] == ["worse", "bad", "broken", "near", "calm"]
    bars = {cell.system: cell.bar for cell in row.cells}
    assert bars["calm"] < bars["near"] < 200.0 / 3.0 < bars["bad"] < bars["worse"] == 100.0
    assert bars["broken"] is None
    assert statuses_of(report) == [("FAIL", "✘", 2), ("ERROR", "!", 1), ("PASS", "✔", 2)]
