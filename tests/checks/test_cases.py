"""What a protocol asks, case by case, and what a test of each comes to."""

import pytest

from openmm_mlff.checks.cases import find_result, judge_case, list_cases
from openmm_mlff.checks.registry import get_check
from openmm_mlff.results import CheckResult, Status
from openmm_mlff.storage.runs import RunCondition

AT_300 = {"ensemble": "nve", "temperature_kelvin": 300.0, "timestep_fs": 0.5}
AT_500 = {**AT_300, "temperature_kelvin": 500.0}


@pytest.fixture
def cases(protocols):
    def make(*, required=("stability",), reported=(), temperatures=(300.0,)):
        protocol = protocols["quick"]
        dynamics = protocol.dynamics.model_copy(update={"temperatures_kelvin": temperatures})
        part = {"required": required, "reported": reported, "dynamics": dynamics}
        return list_cases(protocol.model_copy(update=part), ["water"])

    return make


def result(check="stability", *, status=Status.PASS, condition=None, **kwargs):
    return CheckResult(
        id=check,
        group=get_check(check).group,
        system="water",
        condition=condition or {},
        status=status,
        message="It was so.",
        **kwargs,
    )


def test_a_case_finds_its_own_condition_which_is_named_where_there_are_several(cases):
    (alone,) = cases()
    assert (alone.label, alone.condition) == ("stability", RunCondition("nve", 300.0, 0.5))
    both = cold, hot = cases(temperatures=(300.0, 500.0))
    assert [case.label for case in both] == ["stability[300K-0.5fs]", "stability[500K-0.5fs]"]
    results = [result(condition=AT_500, status=Status.FAIL), result(condition=AT_300)]
    assert find_result(cold, results) is results[1]
    assert find_result(hot, results) is results[0]
    assert find_result(hot, results[1:]) is None
    # A result without a condition speaks for all.
    spoken = result(status=Status.SKIPPED)
    assert all(find_result(case, [spoken]) is spoken for case in both)


@pytest.mark.parametrize(
    ("status", "required", "reported"),
    [
        (Status.PASS, "passed", "passed"),
        (Status.FAIL, "failed", "skipped"),
        (Status.INCONCLUSIVE, "failed", "skipped"),
        (Status.ERROR, "failed", "failed"),
        (Status.SKIPPED, "skipped", "skipped"),
        (Status.NOT_APPLICABLE, "skipped", "skipped"),
        (None, "failed", "failed"),
    ],
)
def test_what_decides_fails_and_what_only_informs_does_not(cases, status, required, reported):
    found = [] if status is None else [result("determinism", status=status)]
    (case,) = cases(required=("determinism",))
    assert judge_case(case, found).kind == required
    (case,) = cases(required=(), reported=("determinism",))
    assert judge_case(case, found).kind == reported


def test_a_failure_says_number_threshold_message_and_remedy(cases):
    (case,) = cases(required=("rotation_invariance",))
    failed = result(
        "rotation_invariance", status=Status.FAIL, value=0.012345, threshold=1e-3, unit="meV/Å"
    )
    assert judge_case(case, [failed]).text.splitlines() == [
        "rotation_invariance FAIL on water: 0.0123 meV/Å, limit 0.001 meV/Å",
        "It was so.",
        f"What to do: {get_check('rotation_invariance').remedy}",
    ]


def test_parity_is_the_group_and_the_force_accuracy(cases):
    chosen = ("determinism", "openmm_parity", "force_accuracy", "energy_accuracy", "stability")
    found = {case.spec.id for case in cases(required=chosen) if case.is_parity}
    assert found == {"determinism", "openmm_parity", "force_accuracy"}
