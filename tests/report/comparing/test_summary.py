import json

from openmm_mlff.report.comparing.summary import headline, summarise
from openmm_mlff.results import VerdictStatus


def test_every_report_is_compared_with_the_first(old_and_new, make_report):
    old, new = old_and_new
    summary = summarise([old, make_report(name="same"), new])
    worse = [(difference.label, difference.got_worse()) for difference in summary.differences]
    assert worse == [("same", False), ("new", True)]
    assert summary.got_worse()
    assert not summarise([old, make_report(name="same")]).got_worse()
    assert headline(summary.differences[1], baseline="old") == (
        "new against old: APPROVED before, REJECTED now; 1 required result worse."
    )
    table = json.loads(json.dumps(summary.as_dict()))["differences"]["new"]
    assert table["verdict"]["worse"]
    assert table["changes"][0]["after"] == "FAIL"
    assert summarise([]).as_dict()["baseline"] is None


def test_a_more_severe_verdict_alone_is_worse_and_a_value_alone_only_if_strict(
    make_report, make_result
):
    assert summarise([make_report(), make_report(status=VerdictStatus.INCONCLUSIVE)]).got_worse()
    reports = [
        make_report(checks=[make_result(value=value, evidence={"interval_x": 0.01})])
        for value in (0.1, 0.2)
    ]
    assert not summarise(reports).got_worse()
    assert summarise(reports).got_worse(strict=True)
    assert not summarise(reports[::-1]).got_worse(strict=True)
