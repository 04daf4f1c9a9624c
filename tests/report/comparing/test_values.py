import pytest

from openmm_mlff.report.comparing.values import value_changes
from openmm_mlff.results import Status

LIMIT = {"threshold": 1.0, "unit": "eV/Å"}
AT_LEAST = {"threshold": 5.0, "at_least": True}


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ((0.1, 0.03, LIMIT), (0.2, 0.04, LIMIT), "worse"),
        ((0.1, 0.08, {}), (0.2, 0.08, {}), None),
        ((0.1, None, {}), (9.0, 0.01, {}), None),
        ((0.1, 0.01, {"unit": "meV"}), (0.2, 0.01, {"unit": "meV/Å"}), None),
        ((9.0, 0.1, AT_LEAST), (12.0, 0.1, AT_LEAST), "better"),
        ((9.0, 0.1, AT_LEAST), (3.0, 0.1, AT_LEAST | {"status": Status.FAIL}), "worse"),
        # A negative drift is compared by its size.
        ((-0.01, 1e-3, {}), (0.001, 1e-3, {}), "better"),
    ],
)
def test_a_value_beyond_both_intervals_changed(make_report, make_result, before, after, direction):
    reports = []
    for value, interval, fields in (before, after):
        evidence = {} if interval is None else {"interval_x": interval}
        reports.append(make_report(checks=[make_result(value=value, evidence=evidence, **fields)]))
    changes = value_changes(*reports)
    assert [change.direction for change in changes] == ([] if direction is None else [direction])
    if before[2] is LIMIT:
        # 95 % intervals add up like standard errors.
        assert (changes[0].difference, changes[0].interval) == pytest.approx((0.1, 0.05))
        assert changes[0].as_dict()["before"] == 0.1
