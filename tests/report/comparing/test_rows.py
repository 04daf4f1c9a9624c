"""One quantity a row: what is an energy for one model and a force for another has two rows."""

import pytest

from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.results import Status

CRITERIA = {
    "rotation_invariance": {
        "energy": {"value": 0.1, "unit": "meV/atom"},
        "force": {"value": 1.0, "unit": "meV/Å"},
    }
}


def measure(value, unit, threshold):
    return {
        "what": "rotating changes it by",
        "value": value,
        "unit": unit,
        "threshold": threshold,
        "at_least": False,
        "ok": value <= threshold,
    }


@pytest.fixture
def rotated(make_report, make_result):
    """A report on rotations: the result is the measure nearest to its limit, or farthest beyond."""

    def make(name, energy, force, *, status=None, criteria=CRITERIA):
        measures = [measure(energy, "meV/atom", 0.1), measure(force, "meV/Å", 1.0)]
        measures.append(measure(0.5 * force, "meV/Å", 1.0))
        worst = max(measures, key=lambda one: one["value"] / one["threshold"])
        result = make_result(
            "rotation_invariance",
            status=status or (Status.PASS if worst["ok"] else Status.FAIL),
            evidence={"measures": measures, "interval_mev": 0.1},
            **{key: worst[key] for key in ("value", "unit", "threshold")},
        )
        report = make_report(name=name, checks=[result])
        protocol = report.protocol | {"criteria": criteria}
        return report.model_copy(update={"protocol": protocol})

    return make


def table(reports):
    return [
        (row.name, row.limit, row.unit, [result and result.value for result in row.results])
        for row in comparison_rows(reports)
    ]


def test_what_is_nearest_to_its_limit_in_every_report_has_one_row(rotated):
    reports = [rotated("a", 0.01, 0.5), rotated("b", 0.02, 0.7)]
    assert table(reports) == [("rotation_invariance", "1", "meV/Å", [0.5, 0.7])]


def test_energies_and_forces_have_a_row_each(rotated):
    reports = [rotated("a", 0.3, 0.5), rotated("b", 0.02, 2.0)]
    assert table(reports) == [
        ("rotation_invariance: energy", "0.1", "meV/atom", [0.3, 0.02]),
        ("rotation_invariance: force", "1", "meV/Å", [0.5, 2.0]),
    ]
    statuses = [[result.status for result in row.results] for row in comparison_rows(reports)]
    assert statuses == [[Status.FAIL, Status.PASS], [Status.PASS, Status.FAIL]]


def test_units_are_not_mixed_where_no_limit_has_a_name(rotated):
    reports = [rotated("a", 0.05, 0.1, criteria={}), rotated("b", 0.01, 0.9, criteria={})]
    assert [(unit, values) for _, _, unit, values in table(reports)] == [
        ("meV/atom", [0.05, 0.01]),
        ("meV/Å", [0.1, 0.9]),
    ]


def test_another_limit_of_another_protocol_stands_in_the_same_row(rotated):
    strict = {"rotation_invariance": {"force": {"value": 1.0, "unit": "meV/Å"}}}
    reports = [rotated("a", 0.01, 0.5), rotated("b", 0.01, 0.6, criteria=strict)]
    assert len(table(reports)) == 1


def test_a_result_without_a_value_stands_in_every_row(rotated, make_report, make_result):
    broken = make_report(checks=[make_result("rotation_invariance", status=Status.ERROR)])
    reports = [rotated("a", 0.3, 0.5), rotated("b", 0.02, 2.0), broken, make_report(checks=[])]
    for row in comparison_rows(reports):
        assert row.results[2].status is Status.ERROR
        assert row.results[3] is None


def test_an_undecided_check_is_undecided_in_every_quantity(rotated):
    undecided = rotated("b", 0.02, 2.0, status=Status.INCONCLUSIVE)
    energy, _ = comparison_rows([rotated("a", 0.3, 0.5), undecided])
    assert energy.results[1].status is Status.INCONCLUSIVE
