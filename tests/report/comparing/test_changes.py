import pytest

from openmm_mlff.report.comparing.changes import status_changes, verdict_is_worse
from openmm_mlff.results import Status, VerdictStatus

PASS, FAIL, SKIPPED, ERROR = Status.PASS, Status.FAIL, Status.SKIPPED, Status.ERROR


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


def test_verdicts_have_an_order(make_report):
    severity = (VerdictStatus.APPROVED, VerdictStatus.INCONCLUSIVE, VerdictStatus.REJECTED)
    reports = [make_report(status=status) for status in severity]
    for before in range(3):
        for after in range(3):
            assert verdict_is_worse(reports[before], reports[after]) is (after > before)
