import pytest

from openmm_mlff.report.comparing.values import value_changes
from openmm_mlff.results import Status


def compared(make_report, make_result, before, after):
    reports = []
    for value, interval, fields in (before, after):
        evidence = {} if interval is None else {"interval_x": interval}
        reports.append(make_report(checks=[make_result(value=value, evidence=evidence, **fields)]))
    return value_changes(*reports)


def test_a_value_beyond_both_intervals_moved(make_report, make_result):
    limits = {"threshold": 1.0, "unit": "eV/Å"}
    (change,) = compared(make_report, make_result, (0.1, 0.03, limits), (0.2, 0.04, limits))
    assert change.direction == "worse"
    assert change.difference == pytest.approx(0.1)
    # 95 % intervals add up like standard errors.
    assert change.interval == pytest.approx(0.05)
    assert change.as_dict()["before"] == 0.1


def test_a_value_within_the_intervals_did_not(make_report, make_result):
    assert not compared(make_report, make_result, (0.1, 0.08, {}), (0.2, 0.08, {}))


def test_without_an_interval_nothing_is_said(make_report, make_result):
    assert not compared(make_report, make_result, (0.1, None, {}), (9.0, 0.01, {}))


def test_other_units_are_not_compared(make_report, make_result):
    assert not compared(
        make_report, make_result, (0.1, 0.01, {"unit": "meV"}), (0.2, 0.01, {"unit": "meV/Å"})
    )


def test_a_value_that_must_reach_its_threshold_is_better_when_larger(make_report, make_result):
    limits = {"threshold": 5.0, "at_least": True}
    (change,) = compared(make_report, make_result, (9.0, 0.1, limits), (12.0, 0.1, limits))
    assert change.direction == "better"
    low = limits | {"status": Status.FAIL}
    (change,) = compared(make_report, make_result, (9.0, 0.1, limits), (3.0, 0.1, low))
    assert change.direction == "worse"


def test_a_drift_downwards_is_compared_by_its_size(make_report, make_result):
    (change,) = compared(make_report, make_result, (-0.01, 1e-3, {}), (0.001, 1e-3, {}))
    assert change.direction == "better"
