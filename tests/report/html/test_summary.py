import pytest

from openmm_mlff.records import VerdictStatus
from openmm_mlff.report.html.summary import summarise

REASONS = (
    "stability FAIL on water: it broke.",
    "stability FAIL on methane: it broke, too.",
    "energy_drift FAIL on water: it drifts.",
    "speed FAIL on water (5, threshold 1 ms): it is slow.",
)


def test_three_reasons_of_three_checks_come_first_and_none_is_lost(make_report):
    summary = summarise(make_report(reasons=REASONS))
    shown = [(reason.check_id, reason.text) for reason in summary.reasons]
    assert shown == [
        ("stability", "it broke."),
        ("energy_drift", "it drifts."),
        ("speed", "it is slow."),
    ]
    assert summary.reasons[2].head == "speed FAIL on water (5, threshold 1 ms)"
    assert [reason.text for reason in summary.further] == ["it broke, too."]


def test_a_reason_that_names_no_check_stays_as_it_is(make_report):
    (reason,) = summarise(make_report(reasons=("All passed: well done.",))).reasons
    assert (reason.head, reason.text, reason.check_id) == ("", "All passed: well done.", "")


def test_the_nearest_result_is_pointed_to(make_report):
    nearest = "Nearest to its threshold: speed PASS on water (5, threshold 9 ms): it is: slow."
    (reason,) = summarise(make_report(reasons=(nearest,))).reasons
    assert reason.check_id == "speed"
    assert reason.head == "Nearest to its threshold: speed PASS on water (5, threshold 9 ms)"
    assert reason.text == "it is: slow."


def test_one_check_alone_gives_up_to_three_reasons(make_report):
    reasons = tuple(f"stability FAIL on {name}: broke" for name in "abcde")
    summary = summarise(make_report(reasons=reasons))
    assert [reason.head[-1] for reason in summary.reasons] == ["a", "b", "c"]
    assert len(summary.further) == 2


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_each_verdict_has_its_own_symbol_and_words(make_report, status):
    summaries = {one: summarise(make_report(status=one)) for one in VerdictStatus}
    assert summaries[status].status == status.value
    assert len({one.symbol for one in summaries.values()}) == 3
    assert len({one.sentence for one in summaries.values()}) == 3
