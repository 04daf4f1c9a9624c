"""Measures, judgements and results: what passes, what is reported, and where."""

import math

import pytest

from openmm_mlff.checks.accuracy.geometry_accuracy import CHECK
from openmm_mlff.checks.base import (
    Judgement,
    Measure,
    conditions_of,
    error,
    inconclusive,
    judged,
    measurement_name,
    not_applicable,
    place,
    skipped,
)
from openmm_mlff.checks.dynamics.energy_drift import CHECK as CONDITION_CHECK
from openmm_mlff.checks.parity.unit_scale import CHECK as UNIT_SCALE
from openmm_mlff.config import Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition

LIMIT = Threshold(value=0.1, unit="Å", source="test")
AT_300_KELVIN = RunCondition("nve", 300.0, 0.5)


@pytest.mark.parametrize(
    ("value", "half_width", "limit", "at_least", "status", "excess"),
    [
        (0.1, 0.0, 0.1, False, Status.PASS, 1.0),
        (0.2, 0.0, 0.1, False, Status.FAIL, 2.0),
        (0.1, 0.0, 0.1, True, Status.PASS, 1.0),
        (0.05, 0.0, 0.1, True, Status.FAIL, 2.0),
        (0.2, 0.0, 0.1, True, Status.PASS, 0.5),
        (0.0, 0.0, 0.1, True, Status.FAIL, math.inf),
        (0.0, 0.0, 0.0, False, Status.PASS, 0.0),
        (1e-9, 0.0, 0.0, False, Status.FAIL, math.inf),
        (math.nan, 0.0, 0.1, False, Status.FAIL, math.inf),
        (math.inf, 0.0, 0.1, True, Status.FAIL, math.inf),
        (-math.inf, 0.0, 0.1, False, Status.FAIL, math.inf),
        # With an interval.
        (0.05, 0.05, 0.1, False, Status.PASS, 0.5),
        (0.05, 0.06, 0.1, False, Status.INCONCLUSIVE, 0.5),
        (0.15, 0.05, 0.1, False, Status.INCONCLUSIVE, 1.5),
        (0.16, 0.05, 0.1, False, Status.FAIL, 1.6),
        (0.05, 0.06, 0.1, True, Status.INCONCLUSIVE, 2.0),
        (0.0, math.inf, 0.1, False, Status.INCONCLUSIVE, 0.0),
    ],
)
def test_a_measure_is_compared_with_its_limit(value, half_width, limit, at_least, status, excess):
    threshold = Threshold(value=limit, unit="Å", source="test")
    measure = Measure("atoms are apart by", value, threshold, at_least, half_width)
    assert measure.status is status
    assert measure.ok is (ok := status is Status.PASS)
    assert measure.excess == pytest.approx(excess)
    table = measure.as_dict()
    assert (table["ok"], table["threshold"], table["unit"]) == (ok, limit, "Å")


@pytest.mark.parametrize(
    ("unit", "at_least", "text"),
    [
        ("Å", False, "it is 0.02 Å (limit 0.1 Å)"),
        ("Å", True, "it is 0.02 Å (needs at least 0.1 Å)"),
        ("ratio", False, "it is 0.02 (limit 0.1)"),
    ],
)
def test_the_text_has_the_number_the_unit_and_the_direction(unit, at_least, text):
    limit = Threshold(value=0.1, unit=unit, source="test")
    assert Measure("it is", 0.02, limit, at_least).text() == text


def test_the_worst_measure_is_reported_and_one_failure_fails_all():
    good, bad = Measure("this is", 0.01, LIMIT), Measure("that is", 0.2, LIMIT)
    result = CHECK.result(judged([good, bad], evidence={"atoms": 3}, note="a note"), system="water")
    assert result.status is Status.FAIL
    assert (result.value, result.threshold, result.unit) == (0.2, 0.1, "Å")
    assert result.message == "On water, that is 0.2 Å (limit 0.1 Å) (a note)."
    assert [m["ok"] for m in result.evidence["measures"]] == [True, False]
    assert result.evidence["atoms"] == 3
    # One that is not finite is worse than any other.
    lost = judged([Measure("this is", 1e9, LIMIT), Measure("that is", math.nan, LIMIT)])
    result = CHECK.result(lost, system="water")
    assert (result.status, result.value) == (Status.FAIL, None)


def test_nothing_passes_without_a_finite_measure():
    with pytest.raises(ValueError, match="no measure to judge"):
        judged([])
    with pytest.raises(ValueError, match="cannot pass"):
        CHECK.result(Judgement(Status.PASS, "fine", value=math.nan), system="water")


@pytest.mark.parametrize(
    ("judgement", "status"),
    [
        (inconclusive("x", evidence={"points": 2}), Status.INCONCLUSIVE),
        (error("x", traceback="line 7"), Status.ERROR),
        (skipped("x"), Status.SKIPPED),
        (not_applicable("x"), Status.NOT_APPLICABLE),
    ],
)
def test_a_check_that_is_not_decided_has_its_reason_and_no_value(judgement, status):
    result = CHECK.result(judgement, system="water")
    assert (result.status, result.value, result.condition) == (status, None, {})
    assert result.message.endswith("water: x.")
    assert result.evidence == dict(judgement.evidence)


def test_only_checks_of_conditions_name_them(protocols):
    found = CONDITION_CHECK.result(skipped("x"), system="water", condition=AT_300_KELVIN)
    assert found.condition["timestep_fs"] == 0.5
    assert place("water", AT_300_KELVIN) == "water at 300 K, 0.5 fs"
    assert place("water") == "water"
    assert measurement_name(CHECK, None) == "geometry_accuracy"
    assert measurement_name(CONDITION_CHECK, AT_300_KELVIN) == "energy_drift@300K_0.5fs"
    protocol = protocols["standard"]
    several = {"temperatures_kelvin": (300.0, 500.0), "timesteps_fs": (0.5, 1.0)}
    dynamics = protocol.dynamics.model_copy(update=several)
    protocol = protocol.model_copy(update={"dynamics": dynamics})
    assert conditions_of(CHECK, protocol) == [None]
    asked = [
        (one.temperature_kelvin, one.timestep_fs)
        for one in conditions_of(CONDITION_CHECK, protocol)
    ]
    assert asked == [(300.0, 0.5), (300.0, 1.0), (500.0, 0.5), (500.0, 1.0)]


def test_claims_and_remedies_follow_the_group_and_the_kind_of_potential():
    assert (CHECK.claim, CONDITION_CHECK.claim) == ("accurate", "sound")
    assert "--energy-unit" in UNIT_SCALE.remedy_for("model.pt")
    for spec in ("ase:a:B", "openmm-ml:ani2x", "student:tiny"):
        assert "--energy-unit" not in UNIT_SCALE.remedy_for(spec)
