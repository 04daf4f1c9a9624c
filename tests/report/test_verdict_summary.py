import pytest

from openmm_mlff.report.selection import NOT_ALL_ASKED, summarise
from openmm_mlff.results import ClaimStatus, Reason, Status, VerdictStatus

REASONS = tuple(
    Reason(check=check, system=system, status=Status.FAIL, message=f"{check} is bad.")
    for check, system in (
        ("stability", "water"),
        ("stability", "methane"),
        ("energy_drift", "water"),
        ("speed", "water"),
    )
)


def test_three_reasons_of_three_checks_come_first_and_none_is_lost(make_report):
    summary = summarise(make_report(reasons=REASONS))
    assert summary.reasons == (REASONS[0], REASONS[2], REASONS[3])
    assert summary.further == (REASONS[1],)


def test_one_check_alone_gives_up_to_three_reasons(make_report):
    reasons = tuple(Reason(check="stability", system=name, message="Broke.") for name in "abcde")
    summary = summarise(make_report(reasons=reasons))
    assert [reason.system for reason in summary.reasons] == ["a", "b", "c"]
    assert len(summary.further) == 2


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_each_verdict_has_its_own_symbol_and_words(make_report, status):
    summaries = {one: summarise(make_report(status=one)) for one in VerdictStatus}
    assert summaries[status].status == status.value
    assert len({one.symbol for one in summaries.values()}) == 3
    assert len({one.sentence for one in summaries.values()}) == 3


def test_the_label_and_both_claims_are_shown(make_report):
    report = make_report(accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound")
    summary = summarise(report)
    assert (summary.status, summary.label) == ("APPROVED", "APPROVED as sound")
    assert summary.sentence == NOT_ALL_ASKED
    assert [claim.status for claim in summary.claims] == [ClaimStatus.YES, ClaimStatus.NOT_ASKED]
