import json

from openmm_mlff.report.comparing.summary import headline, summarise
from openmm_mlff.results import Status, VerdictStatus


def test_every_report_is_compared_with_the_first(make_report, make_result):
    reports = [
        make_report(name="old", checks=[make_result()]),
        make_report(name="same", checks=[make_result()]),
        make_report(
            name="worse", checks=[make_result(status=Status.FAIL)], status=VerdictStatus.REJECTED
        ),
    ]
    summary = summarise(reports)
    assert [difference.label for difference in summary.differences] == ["same", "worse"]
    assert [difference.got_worse() for difference in summary.differences] == [False, True]
    assert summary.got_worse()
    assert not summarise(reports[:2]).got_worse()
    assert headline(summary.differences[1], baseline="old") == (
        "worse against old: APPROVED before, REJECTED now; 1 required result worse."
    )
    table = json.loads(json.dumps(summary.as_dict()))
    assert table["differences"]["worse"]["verdict"]["worse"]
    assert table["differences"]["worse"]["changes"][0]["after"] == "FAIL"


def test_a_graver_verdict_alone_is_worse(make_report):
    reports = [make_report(), make_report(status=VerdictStatus.INCONCLUSIVE)]
    assert summarise(reports).got_worse()


def test_values_count_only_where_it_is_strict(make_report, make_result):
    reports = [
        make_report(checks=[make_result(value=value, evidence={"interval_x": 0.01})])
        for value in (0.1, 0.2)
    ]
    assert not summarise(reports).got_worse()
    assert summarise(reports).got_worse(strict=True)
    assert not summarise(reports[::-1]).got_worse(strict=True)


def test_no_reports_have_nothing_to_say():
    assert summarise([]).as_dict()["baseline"] is None
