import pytest

from openmm_mlff.report.comparing.changes import status_changes, verdict_is_worse
from openmm_mlff.results import Status, VerdictStatus


def pair(make_report, make_result, before, after, **fields):
    """Two reports that differ in one result; None is no result."""
    return [
        make_report(checks=[] if status is None else [make_result(status=status, **fields)])
        for status in (before, after)
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind", "counts"),
    [
        (Status.PASS, Status.FAIL, "worse", True),
        (Status.PASS, Status.INCONCLUSIVE, "worse", True),
        (Status.PASS, Status.ERROR, "worse", True),
        (Status.PASS, Status.SKIPPED, "worse", True),
        (Status.PASS, Status.NOT_APPLICABLE, "changed", False),
        (Status.NOT_APPLICABLE, Status.FAIL, "worse", True),
        (Status.INCONCLUSIVE, Status.FAIL, "worse", True),
        (Status.FAIL, Status.PASS, "better", False),
        (Status.SKIPPED, Status.PASS, "better", False),
        (Status.SKIPPED, Status.ERROR, "changed", False),
        (Status.PASS, None, "lost", True),
        (Status.FAIL, None, "lost", False),
        (None, Status.FAIL, "new", True),
        (None, Status.PASS, "new", False),
    ],
)
def test_every_change_has_a_kind_and_counts_or_not(
    make_report, make_result, before, after, kind, counts
):
    (change,) = status_changes(*pair(make_report, make_result, before, after))
    assert (change.kind, change.counts) == (kind, counts)


def test_what_no_verdict_rests_on_does_not_count(make_report, make_result):
    reports = pair(make_report, make_result, Status.PASS, Status.FAIL, required=False)
    (change,) = status_changes(*reports)
    assert (change.kind, change.counts) == ("worse", False)


def test_a_check_that_is_not_required_any_more_still_counts(make_report, make_result):
    before = make_report(checks=[make_result(status=Status.PASS)])
    after = make_report(checks=[make_result(status=Status.SKIPPED, required=False)])
    assert status_changes(before, after)[0].counts


def test_equal_reports_have_no_changes(make_report):
    assert status_changes(make_report(), make_report()) == []


def test_changes_that_count_come_first(make_report, make_result):
    ids = ("a", "b", "c")
    before = make_report(
        checks=[make_result(i, status=Status.PASS, required=i == "c") for i in ids]
    )
    after = make_report(checks=[make_result(i, status=Status.FAIL, required=i == "c") for i in ids])
    assert [change.result.id for change in status_changes(before, after)] == ["c", "a", "b"]


def test_conditions_are_told_apart(make_report, make_result):
    conditions = [{"ensemble": "nve", "temperature_kelvin": t, "timestep_fs": 0.5} for t in (1, 2)]
    before = make_report(checks=[make_result(condition=c) for c in conditions])
    after = make_report(
        checks=[
            make_result(condition=conditions[0]),
            make_result(condition=conditions[1], status=Status.FAIL),
        ]
    )
    (change,) = status_changes(before, after)
    assert change.as_dict()["condition"] == conditions[1]


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (VerdictStatus.APPROVED, VerdictStatus.INCONCLUSIVE, True),
        (VerdictStatus.INCONCLUSIVE, VerdictStatus.REJECTED, True),
        (VerdictStatus.REJECTED, VerdictStatus.INCONCLUSIVE, False),
        (VerdictStatus.APPROVED, VerdictStatus.APPROVED, False),
    ],
)
def test_verdicts_have_an_order(make_report, before, after, worse):
    assert verdict_is_worse(make_report(status=before), make_report(status=after)) is worse
