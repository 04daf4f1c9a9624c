import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.report import wording
from openmm_mlff.results import MeasuredTemperature, Status

INTERVAL = "interval_mev_per_atom_per_ps"


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
    assert (wording.integer(427_001), wording.integer(None)) == ("427,001", "unknown")


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.0123456, 0.00456, "0.0123 ± 0.0046"),
        (None, 1.0, "–"),
        (1.0, None, "1"),
        (1.0, "wide", "1"),
        (1.0, [0.1, 0.2], "1"),
    ],
)
def test_an_interval_has_two_significant_digits(make_result, value, interval, text):
    assert wording.value_text(make_result(value=value, evidence={INTERVAL: interval})) == text


def test_the_scope_is_complete_and_an_empty_one_has_dashes(make_report):
    scope = make_report().verdict.scope
    measured = tuple(
        MeasuredTemperature(
            system=name, asked_kelvin=300.0, mean_kelvin=kelvin, interval_kelvin=24.4, runs=17
        )
        for name, kelvin in (("water", 291.2), ("alanine", 306.0))
    )
    known = {"measured_temperatures": measured, "boxes": ("rectangular",)}
    rows = wording.scope_rows(scope.model_copy(update=known))
    assert dict(rows) == {
        "elements": "H, O",
        "systems": "water",
        "boxes": "rectangular",
        "temperature": "300 K",
        "measured at 300 K": "water 291 ± 24 K, alanine 306 ± 24 K (mean, 95 %)",
        "timestep": "up to 0.5 fs",
        "duration": "10 ps",
        "platform": "Reference, mixed precision",
    }
    nothing = dict.fromkeys(("elements", "systems", "temperatures_kelvin"), ())
    rows = wording.scope_rows(scope.model_copy(update=nothing))
    assert [text for _, text in rows[:3]] == ["–"] * 3


def test_statuses_have_symbols_and_groups_the_order_of_the_checks():
    assert len({wording.SYMBOLS[status] for status in Status}) == len(Status)
    assert wording.status_label(Status.FAIL) == "✘ FAIL"
    assert wording.GROUPS == ("parity", "surface", "dynamics", "accuracy", "performance")
    assert tuple(dict.fromkeys(spec.group for spec in CHECKS)) == wording.GROUPS
