import pytest

from openmm_mlff.report import selection
from openmm_mlff.report.selection import NOT_ALL_ASKED, verdict_sentence
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


def test_what_a_check_lists_is_compared_or_else_its_own_value(make_result):
    own = make_result("speed", value=0.5, unit="ratio", threshold=1.0)
    numbers = {"value": 0.5, "unit": "ratio", "threshold": 1.0, "at_least": False}
    assert selection.measures(own) == [numbers | {"what": "speed", "ok": True}]
    listed = [{"unit": "eV", "value": None, "threshold": 1.0}]
    assert selection.measures(make_result(value=0.5, evidence={"measures": listed})) == listed


@pytest.mark.parametrize(
    ("places", "first"),
    [
        # Three reasons of three checks come first.
        (["stability water", "stability methane", "drift water", "speed water"], [0, 2, 3]),
        (["stability a", "stability b", "stability c", "stability d"], [0, 1, 2]),
    ],
)
def test_up_to_three_reasons_come_first_and_none_is_lost(places, first):
    reasons = [
        Reason(check=check, system=system, status=Status.FAIL, message=f"{check} is bad.")
        for check, system in map(str.split, places)
    ]
    leading, further = selection.leading_reasons(reasons)
    assert leading == [reasons[k] for k in first]
    assert further == [one for one in reasons if one not in leading]


def test_each_verdict_has_its_own_sentence(make_report):
    verdicts = [make_report(status=one).verdict for one in VerdictStatus]
    assert len(set(map(verdict_sentence, verdicts))) == 3
    sound = make_report(accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound").verdict
    assert verdict_sentence(sound) == NOT_ALL_ASKED
