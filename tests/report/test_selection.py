import pytest

from openmm_mlff.report import selection
from openmm_mlff.report.selection import NOT_ALL_ASKED, MeasuredNumber, summarise
from openmm_mlff.results import ClaimStatus, Reason, Status, VerdictStatus

from .conftest import CONDITION, HOT

COLD, WARM = CONDITION.as_dict(), HOT.as_dict()


def test_each_system_and_condition_has_a_row_of_key_numbers(make_report, make_result):
    (row,) = selection.summary_rows(make_report())
    assert (row.system, row.condition) == ("water", "NVE, 300 K, 0.5 fs")
    assert row.cell("energy_drift", unit=True) == "✔ 0.0123 ± 0.0045 meV/atom/ps"
    assert row.cell("energy_drift", unit=False, interval=False) == "✔ 0.0123"
    checks = [
        make_result("stability", value=10.0, unit="ps", condition=COLD),
        make_result("stability", value=2.0, unit="ps", condition=WARM, status=Status.FAIL),
        make_result("force_accuracy", value=0.05),
        make_result("energy_accuracy", status=Status.SKIPPED),
    ]
    rows = selection.summary_rows(make_report(checks=checks))
    keys = ("stability", "force_accuracy", "energy_accuracy", "speed")
    assert [[row.cell(key, unit=True) for key in keys] for row in rows] == [
        ["✔ 10 ps", "✔ 0.05", "– SKIPPED", "–"],
        ["✘ 2 ps", "✔ 0.05", "– SKIPPED", "–"],
    ]


def test_reports_stand_side_by_side_under_labels_of_their_own(make_report):
    reports = [make_report(systems=("water", "methane")), make_report(systems=("water",))]
    rows = selection.rows_by_condition(reports)
    assert {title: [position for position, _ in pairs] for title, pairs in rows.items()} == {
        "water (NVE, 300 K, 0.5 fs)": [0, 1],
        "methane (NVE, 300 K, 0.5 fs)": [0],
    }
    hashes = [("tiny", "a"), ("tiny", "b"), ("original", "c"), ("tiny", "b")]
    assert selection.model_labels(
        [make_report(name=name, sha256=letter * 64) for name, letter in hashes]
    ) == ["tiny (aaaaaaaaaaaa)", "tiny (bbbbbbbbbbbb) #1", "original", "tiny (bbbbbbbbbbbb) #2"]


@pytest.mark.parametrize("lost", [None, float("nan"), float("inf")])
def test_a_number_is_found_by_its_unit_and_a_non_finite_one_is_the_largest(make_result, lost):
    measures = [
        {"unit": "meV/atom", "value": 0.02, "threshold": 0.1},
        {"unit": "meV/Å", "value": 3.0, "threshold": 1.0},
        {"unit": "meV/Å", "value": -7.0, "threshold": 2.0},
        {"unit": "eV", "value": lost, "threshold": 1.0},
        {"unit": "eV", "value": 5.0, "threshold": 1.0},
    ]
    result = make_result(value=-7.0, unit="meV/Å", threshold=2.0, evidence={"measures": measures})
    expected = {"meV/atom": (0.02, 0.1), "meV/Å": (-7.0, 2.0), "eV": (None, 1.0)}
    for unit, numbers in expected.items():
        assert selection.find_measure(result, unit=unit) == MeasuredNumber(*numbers)
    assert selection.find_measure(result, unit="ps") is None
    own = make_result(value=0.5, unit="ratio", threshold=1.0)
    assert selection.find_measure(own, unit="ratio") == MeasuredNumber(0.5, 1.0)
    assert selection.find_measure(make_result(unit="ratio"), unit="ratio") is None


@pytest.mark.parametrize(
    ("places", "first"),
    [
        # Three reasons of three checks come first.
        (["stability water", "stability methane", "drift water", "speed water"], [0, 2, 3]),
        (["stability a", "stability b", "stability c", "stability d"], [0, 1, 2]),
    ],
)
def test_up_to_three_reasons_come_first_and_none_is_lost(make_report, places, first):
    reasons = [
        Reason(check=check, system=system, status=Status.FAIL, message=f"{check} is bad.")
        for check, system in map(str.split, places)
    ]
    summary = summarise(make_report(reasons=tuple(reasons)))
    assert summary.reasons == tuple(reasons[k] for k in first)
    assert summary.further == tuple(one for one in reasons if one not in summary.reasons)


def test_each_verdict_has_its_own_symbol_and_sentence(make_report):
    summaries = {one: summarise(make_report(status=one)) for one in VerdictStatus}
    assert [one.status for one in summaries.values()] == [status.value for status in VerdictStatus]
    assert len({one.symbol for one in summaries.values()}) == 3
    assert len({one.sentence for one in summaries.values()}) == 3
    report = make_report(accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound")
    summary = summarise(report)
    assert (summary.status, summary.label) == ("APPROVED", "APPROVED as sound")
    assert summary.sentence == NOT_ALL_ASKED
    assert [claim.status for claim in summary.claims] == [ClaimStatus.YES, ClaimStatus.NOT_ASKED]
