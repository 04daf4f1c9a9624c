import math

import pytest

from openmm_mlff.checks import Measure
from openmm_mlff.checks.accuracy.geometry_accuracy import SPEC
from openmm_mlff.checks.base import place
from openmm_mlff.checks.dynamics.energy_drift import SPEC as CONDITION_CHECK
from openmm_mlff.config import Threshold
from openmm_mlff.errors import ConfigError
from openmm_mlff.observations import Observations
from openmm_mlff.records import Status

LIMIT = Threshold(value=0.1, unit="Å", source="test")


def test_a_measure_at_its_limit_is_within_it():
    measure = Measure("atoms are apart by", 0.1, LIMIT)
    assert measure.ok
    assert measure.excess == 1.0
    assert measure.text() == "atoms are apart by 0.1 Å, within the limit of 0.1 Å"


def test_a_ratio_has_no_unit_to_say():
    limit = Threshold(value=1e-3, unit="ratio", source="test")
    assert Measure("L changes by", 1e-5, limit).text() == (
        "L changes by 1e-05, within the limit of 0.001"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_measure_that_is_not_finite_is_never_ok(value):
    measure = Measure("atoms are apart by", value, LIMIT)
    assert not measure.ok
    assert measure.excess == math.inf
    assert "not finite" in measure.text()


@pytest.mark.parametrize(("value", "excess"), [(0.0, 0.0), (1e-9, math.inf)])
def test_a_limit_of_zero_is_met_by_zero_only(value, excess):
    limit = Threshold(value=0.0, unit="Å", source="test")
    assert Measure("", value, limit).excess == excess


def test_the_gravest_measure_is_reported_and_one_failure_fails_all(water):
    good, bad = Measure("this is", 0.01, LIMIT), Measure("that is", 0.2, LIMIT)
    result = SPEC.judged(Observations(system=water), measures=[good, bad], note="a note")
    assert result.status is Status.FAIL
    assert (result.value, result.threshold, result.unit) == (0.2, 0.1, "Å")
    assert result.message == "On water, that is 0.2 Å, above the limit of 0.1 Å (a note)."
    assert [m["ok"] for m in result.evidence["measures"]] == [True, False]


def test_a_measure_that_is_not_finite_outweighs_any_other(water):
    measures = [Measure("this is", 1e9, LIMIT), Measure("that is", math.nan, LIMIT)]
    result = SPEC.judged(Observations(system=water), measures=measures)
    assert result.status is Status.FAIL
    assert result.value is None


def test_nothing_measured_is_no_pass(water):
    with pytest.raises(ValueError, match="no measure to judge"):
        SPEC.judged(Observations(system=water), measures=[])


def test_a_value_that_is_not_finite_cannot_pass(water):
    with pytest.raises(ValueError, match="cannot pass"):
        SPEC.result(Observations(system=water), status=Status.PASS, message="fine", value=math.nan)


def test_conditions_stand_only_in_results_of_checks_of_conditions(water, make_run, at_condition):
    observations = at_condition(water, make_run(water))
    assert SPEC.skipped(observations, reason="x").condition == {}
    assert CONDITION_CHECK.skipped(observations, reason="x").condition["timestep_fs"] == 0.5
    assert place(observations) == "water at 300 K, 0.5 fs"
    assert place(Observations(system=water)) == "water"


def test_an_error_keeps_its_traceback(water):
    result = SPEC.error(Observations(system=water), reason="it broke", traceback="line 7")
    assert result.status is Status.ERROR
    assert result.evidence["traceback"] == "line 7"


@pytest.mark.parametrize("criteria", [{}, {"bonds": LIMIT}])
def test_a_missing_threshold_names_its_key(criteria):
    with pytest.raises(ConfigError, match=r"criteria\.geometry_accuracy\.bond \(Å\)"):
        SPEC.threshold(criteria, name="bond")
