import pytest

from openmm_mlff.report import selection
from openmm_mlff.results import Status


def test_a_result_is_found_by_check_system_and_condition(make_report, make_result, condition):
    cold = condition.as_dict()
    hot = cold | {"temperature_kelvin": 500.0}
    report = make_report(
        checks=[make_result(value=1.0, condition=cold), make_result(value=2.0, condition=hot)]
    )
    found = selection.find_result(report, check_id="energy_drift", system="water", condition=hot)
    assert found.value == 2.0
    for missing in (
        {"check_id": "speed", "system": "water"},
        {"check_id": "energy_drift", "system": "methane"},
    ):
        assert selection.find_result(report, condition=hot, **missing) is None


def test_a_result_without_condition_holds_for_all(make_report, make_result, condition):
    report = make_report(checks=[make_result("force_accuracy")])
    found = selection.find_result(
        report, check_id="force_accuracy", system="water", condition=condition.as_dict()
    )
    assert found is report.checks[0]


def test_groups_come_in_their_order_and_unknown_ones_last(make_report, make_result):
    groups = ("performance", "zeta", "accuracy", "dynamics", "parity")
    report = make_report(checks=[make_result(group, group=group) for group in groups])
    found = [group for group, _ in selection.results_by_group(report, system="water")]
    assert found == ["parity", "dynamics", "accuracy", "performance", "zeta"]


def test_a_system_that_only_results_name_is_not_lost(make_report, make_result):
    report = make_report(systems=("water",), checks=[make_result(system="benzene")])
    assert selection.systems_with_results(report) == ["water", "benzene"]


def test_key_numbers_of_one_system_and_condition(make_report):
    (row,) = selection.summary_rows(make_report())
    assert (row.system, row.condition) == ("water", "NVE, 300 K, 0.5 fs")
    assert row.cell("energy_drift", unit=True) == "✔ 0.0123 ± 0.0045 meV/atom/ps"
    assert row.cell("energy_drift", unit=False, interval=False) == "✔ 0.0123"
    assert row.cell("force_accuracy", unit=False) == "✔ 0.0345"


def test_each_condition_has_its_own_row_and_shares_what_has_no_condition(
    make_report, make_result, condition
):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    report = make_report(
        checks=[
            make_result("stability", value=10.0, unit="ps", condition=condition.as_dict()),
            make_result("stability", value=2.0, unit="ps", condition=hot, status=Status.FAIL),
            make_result("force_accuracy", value=0.05),
        ]
    )
    rows = selection.summary_rows(report)
    assert [row.cell("stability", unit=True) for row in rows] == ["✔ 10 ps", "✘ 2 ps"]
    assert [row.cell("force_accuracy", unit=True) for row in rows] == ["✔ 0.05", "✔ 0.05"]


def test_what_was_not_measured_is_said_and_not_left_blank(make_report, make_result):
    report = make_report(checks=[make_result("force_accuracy", status=Status.SKIPPED)])
    (row,) = selection.summary_rows(report)
    assert row.cell("force_accuracy", unit=True) == "– SKIPPED"
    assert row.cell("speed", unit=True) == "–"


def test_a_unit_stands_in_the_head_only_where_all_agree(make_report, make_result):
    report = make_report(
        checks=[
            make_result("speed", value=1.0, unit="ms/step"),
            make_result("speed", value=1.0, unit="s/step", system="methane"),
            make_result("force_accuracy", value=1.0, unit="eV/Å"),
        ]
    )
    headers = selection.key_headers(selection.summary_rows(report))
    assert headers["speed"] == ("Time per step", "")
    assert headers["force_accuracy"] == ("Force RMSE", "eV/Å")


def test_reports_are_laid_side_by_side(make_report):
    reports = [make_report(systems=("water", "methane")), make_report(systems=("water",))]
    rows = selection.rows_by_condition(reports)
    assert {title: [position for position, _ in pairs] for title, pairs in rows.items()} == {
        "water (NVE, 300 K, 0.5 fs)": [0, 1],
        "methane (NVE, 300 K, 0.5 fs)": [0],
    }


def test_models_of_one_name_get_labels_of_their_own(make_report):
    reports = [
        make_report(name="tiny", sha256="a" * 64),
        make_report(name="tiny", sha256="b" * 64),
        make_report(name="original"),
        make_report(name="tiny", sha256="b" * 64),
    ]
    labels = selection.model_labels(reports)
    assert labels == [
        "tiny (aaaaaaaaaaaa)",
        "tiny (bbbbbbbbbbbb) #1",
        "original",
        "tiny (bbbbbbbbbbbb) #2",
    ]


def test_a_number_is_found_by_its_unit_among_the_measures(make_result):
    measures = [
        {"unit": "meV/atom", "value": 0.02, "threshold": 0.1},
        {"unit": "meV/Å", "value": 3.0, "threshold": 1.0},
        {"unit": "meV/Å", "value": -7.0, "threshold": 2.0},
    ]
    result = make_result(value=-7.0, unit="meV/Å", threshold=2.0, evidence={"measures": measures})
    assert selection.find_measure(result, unit="meV/atom") == selection.MeasuredNumber(0.02, 0.1)
    assert selection.find_measure(result, unit="meV/Å") == selection.MeasuredNumber(-7.0, 2.0)
    assert selection.find_measure(result, unit="ps") is None


@pytest.mark.parametrize("lost", [None, float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_larger_than_all(make_result, lost):
    measures = [
        {"unit": "meV", "value": lost, "threshold": 1.0},
        {"unit": "meV", "value": 5.0, "threshold": 1.0},
    ]
    result = make_result(evidence={"measures": measures})
    assert selection.find_measure(result, unit="meV") == selection.MeasuredNumber(None, 1.0)


def test_without_measures_the_result_s_own_number_is_taken(make_result):
    result = make_result(value=0.5, unit="ratio", threshold=1.0)
    assert selection.find_measure(result, unit="ratio") == selection.MeasuredNumber(0.5, 1.0)
    assert selection.find_measure(make_result(unit="ratio"), unit="ratio") is None
