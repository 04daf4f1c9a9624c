import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.report import wording
from openmm_mlff.results import MeasuredTemperature, Status


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.1, "0.1"),
        (0.01234, "0.0123"),
        (-0.5, "-0.5"),
        (1.0e-6, "1e-6"),
        (2.34567e-5, "2.35e-5"),
        (1234.6, "1235"),
        (99_999.4, "99999"),
        (1.0e5, "1e5"),
        (-3.21e9, "-3.21e9"),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    assert wording.number(value) == text


def test_an_interval_has_two_significant_digits(make_result):
    result = make_result(value=0.0123456, evidence={"interval_mev_per_atom_per_ps": 0.00456})
    assert wording.value_text(result) == "0.0123 ± 0.0046"


def test_an_interval_without_a_value_is_not_written(make_result):
    assert wording.value_text(make_result(evidence={"interval_ev_per_angstrom": 1.0})) == "–"


@pytest.mark.parametrize("interval", [None, "wide", [0.1, 0.2]])
def test_an_interval_that_is_no_number_is_no_interval(make_result, interval):
    result = make_result(value=1.0, evidence={"interval_mev_per_atom": interval})
    assert wording.interval_half_width(result) is None


def test_the_slope_keeps_its_sign_and_falls_back_on_the_value(make_result):
    signed = make_result(value=0.2, evidence={"slope_mev_per_atom_per_ps": -0.2})
    assert wording.fitted_slope(signed) == -0.2
    assert wording.fitted_slope(make_result(value=0.2)) == 0.2
    assert wording.fitted_slope(make_result()) is None


def test_a_condition_is_written_with_units(condition):
    assert wording.condition_label(condition.as_dict()) == "NVE, 300 K, 0.5 fs"
    assert wording.condition_label({"pressure": "1 bar"}) == "pressure 1 bar"
    assert wording.condition_label({}) == ""


def test_several_conditions_are_told_from_one(make_report, make_result, condition):
    assert not wording.several_conditions(make_report())
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    both = [make_result(condition=condition.as_dict()), make_result(condition=hot)]
    assert wording.several_conditions(make_report(checks=both))


def test_the_scope_is_written_whole(make_report):
    rows = dict(wording.scope_rows(make_report().verdict.scope))
    assert rows == {
        "elements": "H, O",
        "systems": "water",
        "temperature": "300 K",
        "timestep": "up to 0.5 fs",
        "duration": "10 ps",
        "platform": "Reference, mixed precision",
    }


def test_a_measured_temperature_stands_beside_the_one_asked_for(make_report):
    measured = tuple(
        MeasuredTemperature(
            system=name, asked_kelvin=300.0, mean_kelvin=kelvin, interval_kelvin=24.4, runs=17
        )
        for name, kelvin in (("water", 291.2), ("alanine", 306.0))
    )
    scope = make_report().verdict.scope.model_copy(update={"measured_temperatures": measured})
    rows = dict(wording.scope_rows(scope))
    assert rows["temperature"] == "300 K"
    assert rows["measured at 300 K"] == "water 291 ± 24 K, alanine 306 ± 24 K (mean, 95 %)"


def test_an_empty_scope_has_no_made_up_words(make_report):
    scope = make_report().verdict.scope.model_copy(
        update={"elements": (), "systems": (), "temperatures_kelvin": ()}
    )
    rows = dict(wording.scope_rows(scope))
    assert [rows[key] for key in ("elements", "systems", "temperature")] == ["–", "–", "–"]


def test_every_status_has_a_symbol_of_its_own():
    assert len({wording.SYMBOLS[status] for status in Status}) == len(Status)
    assert wording.status_label(Status.FAIL) == "✘ FAIL"


def test_counts_have_thousands_apart():
    assert wording.integer(427_001) == "427,001"
    assert wording.integer(None) == "unknown"


def test_groups_have_the_order_of_the_checks_themselves():
    assert wording.GROUPS == ("parity", "surface", "dynamics", "accuracy", "performance")
    in_registry = dict.fromkeys(spec.group for spec in CHECKS)
    assert tuple(in_registry) == wording.GROUPS
