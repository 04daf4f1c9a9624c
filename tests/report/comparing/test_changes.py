import pytest

from openmm_mlff.report.comparing.changes import status_changes, value_changes
from openmm_mlff.results import Status

PASS, FAIL, SKIPPED, ERROR = Status.PASS, Status.FAIL, Status.SKIPPED, Status.ERROR
LIMIT = {"threshold": 1.0, "unit": "eV/Å"}
AT_LEAST = {"threshold": 5.0, "at_least": True}


@pytest.mark.parametrize(
    ("before", "after", "kind", "counts"),
    [
        (PASS, PASS, None, False),
        (PASS, FAIL, "worse", True),
        (PASS, Status.INCONCLUSIVE, "worse", True),
        (PASS, ERROR, "worse", True),
        (PASS, SKIPPED, "worse", True),
        (PASS, Status.NOT_APPLICABLE, "changed", False),
        (Status.NOT_APPLICABLE, FAIL, "worse", True),
        (Status.INCONCLUSIVE, FAIL, "worse", True),
        (FAIL, PASS, "better", False),
        (SKIPPED, PASS, "better", False),
        (SKIPPED, ERROR, "changed", False),
        (PASS, None, "lost", True),
        (FAIL, None, "lost", False),
        (None, FAIL, "new", True),
        (None, PASS, "new", False),
    ],
)
def test_every_change_has_a_kind_and_counts_or_not(
    make_report, make_result, before, after, kind, counts
):
    reports = [
        make_report(checks=[] if status is None else [make_result(status=status)])
        for status in (before, after)
    ]
    found = [(change.kind, change.counts) for change in status_changes(*reports)]
    assert found == ([] if kind is None else [(kind, counts)])


def test_changes_of_checks_required_before_or_after_count_and_come_first(make_report, make_result):
    def report(status, **required):
        checks = [make_result(i, status=status, required=value) for i, value in required.items()]
        return make_report(checks=checks)

    before = report(PASS, neither=False, no_longer=True, both=True)
    after = report(FAIL, neither=False, no_longer=False, both=True)
    changes = status_changes(before, after)
    found = [(change.result.id, change.kind, change.counts) for change in changes]
    assert found[2] == ("neither", "worse", False)
    assert sorted(found[:2]) == [("both", "worse", True), ("no_longer", "worse", True)]


def test_results_under_different_conditions_are_distinguished(make_report, make_result):
    conditions = [{"ensemble": "nve", "temperature_kelvin": t, "timestep_fs": 0.5} for t in (1, 2)]
    before, after = (
        make_report(
            checks=[
                make_result(condition=condition, status=status)
                for condition, status in zip(conditions, (PASS, second), strict=True)
            ]
        )
        for second in (PASS, FAIL)
    )
    (change,) = status_changes(before, after)
    assert change.as_dict()["condition"] == conditions[1]


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
