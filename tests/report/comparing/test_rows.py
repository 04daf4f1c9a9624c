"""One quantity per row: a result that is an energy in one report and a force in another has two."""

import pytest

from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.results import Status

FORCE = {"force": {"value": 1.0, "unit": "meV/Å"}}
CRITERIA = {"energy": {"value": 0.1, "unit": "meV/atom"}, **FORCE}
PASS, FAIL = Status.PASS, Status.FAIL


def measure(value, unit, threshold):
    fields = {"value": value, "unit": unit, "threshold": threshold, "ok": value <= threshold}
    return {"what": "rotating changes it by", "at_least": False, **fields}


@pytest.fixture(scope="module")
def rotated(make_report, make_result):
    """Make a report on rotations whose result is the measure nearest to its limit."""

    def make(energy, force, *, status=None, criteria=CRITERIA):
        measures = [measure(energy, "meV/atom", 0.1), measure(force, "meV/Å", 1.0)]
        measures.append(measure(0.5 * force, "meV/Å", 1.0))
        worst = max(measures, key=lambda one: one["value"] / one["threshold"])
        result = make_result(
            "rotation_invariance",
            status=status or (PASS if worst["ok"] else FAIL),
            evidence={"measures": measures, "interval_mev": 0.1},
            **{key: worst[key] for key in ("value", "unit", "threshold")},
        )
        report = make_report(name=f"{energy} {force}", checks=[result])
        protocol = report.protocol | {"criteria": {"rotation_invariance": criteria}}
        return report.model_copy(update={"protocol": protocol})

    return make


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        ((0.01, 0.5, CRITERIA), (0.02, 0.7, CRITERIA), [("", "≤ 1", "meV/Å", [0.5, 0.7])]),
        # Another limit in another protocol is in the same row.
        ((0.01, 0.5, CRITERIA), (0.01, 0.6, FORCE), [("", "≤ 1", "meV/Å", [0.5, 0.6])]),
        (
            (0.3, 0.5, CRITERIA),
            (0.02, 2.0, CRITERIA),
            [
                (": energy", "≤ 0.1", "meV/atom", [0.3, 0.02]),
                (": force", "≤ 1", "meV/Å", [0.5, 2.0]),
            ],
        ),
        # Units are not mixed where no limit has a name.
        (
            (0.05, 0.1, {}),
            (0.01, 0.9, {}),
            [
                (": meV/atom", "≤ 0.1", "meV/atom", [0.05, 0.01]),
                (": meV/Å", "≤ 1", "meV/Å", [0.1, 0.9]),
            ],
        ),
    ],
)
def test_each_quantity_has_one_row(rotated, first, second, rows):
    reports = [rotated(*numbers, criteria=criteria) for *numbers, criteria in (first, second)]
    assert [
        (row.name, row.limit, row.unit, [result and result.value for result in row.results])
        for row in comparison_rows(reports)
    ] == [(f"rotation_invariance{name}", *more) for name, *more in rows]


def test_each_quantity_has_its_own_status(rotated, make_report, make_result):
    broken = make_report(checks=[make_result("rotation_invariance", status=Status.ERROR)])
    undecided = rotated(0.02, 2.0, status=Status.INCONCLUSIVE)
    reports = [rotated(0.3, 0.5), rotated(0.02, 2.0), undecided, broken, make_report(checks=[])]
    statuses = [
        [result and result.status for result in row.results] for row in comparison_rows(reports)
    ]
    open_ones = [Status.INCONCLUSIVE, Status.ERROR, None]
    assert statuses == [[FAIL, PASS, *open_ones], [PASS, FAIL, *open_ones]]
