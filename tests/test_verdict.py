import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.checks import CHECKS, get_check
from openmm_mlff.config import load_protocol
from openmm_mlff.recommendation import NOTHING_AGAINST, SOUND_ONLY
from openmm_mlff.results import CheckResult, ClaimStatus, Scope, Status, VerdictStatus
from openmm_mlff.verdict import decide

STANDARD = load_protocol("standard")
QUICK = load_protocol("quick")
EXTENDED = load_protocol("extended")
SYSTEMS = ("water", "methane")
SCOPE = Scope(
    elements=("C", "H", "O"),
    systems=SYSTEMS,
    temperatures_kelvin=(300.0,),
    max_timestep_fs=0.5,
    duration_ps=10.0,
    platform="CPU",
    precision="mixed",
)
OPEN = (Status.ERROR, Status.SKIPPED, Status.INCONCLUSIVE)


def result(
    check_id, *, system="water", status=Status.PASS, temperature=300.0, timestep=0.5, **more
):
    spec = get_check(check_id)
    condition = {"ensemble": "nve", "temperature_kelvin": temperature, "timestep_fs": timestep}
    fields = {"value": 0.5, "threshold": 1.0, "message": f"{check_id} says so."} | more
    return CheckResult(
        id=check_id,
        group=spec.group,
        system=system,
        condition=condition if spec.scope == "condition" else {},
        status=status,
        required=fields.pop("required", check_id in STANDARD.required),
        unit=spec.unit,
        **fields,
    )


def all_results(protocol=STANDARD, *, systems=SYSTEMS):
    """One PASS for every check, system and condition of a protocol."""
    conditions = list(
        itertools.product(protocol.dynamics.temperatures_kelvin, protocol.dynamics.timesteps_fs)
    )
    return [
        result(spec.id, system=system, temperature=temperature, timestep=timestep)
        for system in systems
        for spec in CHECKS
        for temperature, timestep in (conditions if spec.scope == "condition" else [(300.0, 0.5)])
    ]


def changed(results, *changes):
    """Put some results in the place of those of the same check and system."""
    keys = {(r.id, r.system) for r in changes}
    return [r for r in results if (r.id, r.system) not in keys] + list(changes)


def judge(results, *, protocol=STANDARD, scope=SCOPE, not_asked=()):
    return decide(
        results,
        protocol=protocol,
        scope=scope,
        model_name="student:original",
        not_asked=dict.fromkeys(not_asked, "there is no reference"),
    )


def answers(verdict):
    return [claim.status for claim in verdict.claims.both]


def checks_named(verdict):
    return [reason.check for reason in verdict.reasons]


def test_all_passed_is_approved_for_what_was_tested():
    verdict = judge(all_results())
    assert verdict.status is VerdictStatus.APPROVED
    assert verdict.scope == SCOPE
    assert verdict.failure_modes == ()
    assert answers(verdict) == [ClaimStatus.YES, ClaimStatus.YES]
    assert verdict.label == "APPROVED"
    for said in ("student:original", "water, methane", "300 K", "0.5 fs", "CPU", "10 ps"):
        assert said in verdict.recommendation


HIGH = result("short_range_repulsion", value=12.8, threshold=5.0, at_least=True)
LOW = result("short_range_repulsion", value=5.1, threshold=5.0, at_least=True)
NEAR = result("rotation_invariance", value=0.95, threshold=1.0)
# A run that lasted as long as requested is not near its limit.
WHOLE = result("stability", value=10.0, threshold=10.0, at_least=True)


@pytest.mark.parametrize(
    ("claim", "changes", "nearest"),
    [
        ("accurate", [result("force_accuracy", value=0.19, threshold=0.2)], "force_accuracy"),
        ("sound", [HIGH, NEAR, WHOLE], "rotation_invariance"),
        ("sound", [LOW, NEAR, WHOLE], "short_range_repulsion"),
    ],
)
def test_the_result_nearest_to_its_limit_is_named(claim, changes, nearest):
    verdict = judge(changed(all_results(), *changes))
    assert getattr(verdict.claims, claim).reasons[1].check == nearest


def test_a_failure_rejects_and_says_all_about_it():
    bad = result("energy_drift", status=Status.FAIL, value=0.31, threshold=0.1)
    verdict = judge(changed(all_results(), bad))
    assert verdict.status is VerdictStatus.REJECTED
    assert verdict.reasons == (bad.as_reason(),)
    assert answers(verdict) == [ClaimStatus.NO, ClaimStatus.YES]
    spec = get_check("energy_drift")
    assert verdict.failure_modes == (f"{spec.consequence} (seen on water)",)
    assert spec.remedy in verdict.next_step
    assert "Do not use student:original for molecular dynamics" in verdict.recommendation


def test_the_gravest_reason_comes_first():
    results = changed(
        all_results(),
        result("speed", status=Status.FAIL, value=1e6),
        result("energy_drift", status=Status.FAIL, value=2.0),
        result("momentum_conservation", status=Status.FAIL, value=50.0),
        result("stability", status=Status.FAIL, value=0.1, threshold=10.0, at_least=True),
        result("export_parity", status=Status.FAIL, value=1.5),
        result("openmm_parity", status=Status.FAIL, value=None),
    )
    # What is deployed, then its dynamics by how far they are off (100, 50, 2 times), then speed.
    order = ["openmm_parity", "export_parity", "stability", "momentum_conservation"]
    assert checks_named(judge(results)) == [*order, "energy_drift", "speed"]


def test_one_failure_mode_a_check_names_its_systems():
    results = changed(
        all_results(),
        *(result("force_accuracy", system=s, status=Status.FAIL, value=2.0) for s in SYSTEMS),
    )
    verdict = judge(results)
    assert len(verdict.reasons) == 2
    assert len(verdict.failure_modes) == 1
    assert verdict.failure_modes[0].endswith("(seen on methane, water)")


@pytest.mark.parametrize(
    ("check_id", "words"),
    [
        ("speed", "no check of its physics failed"),
        ("force_accuracy", "collect geometries for further training"),
        ("export_parity", "does not compute what the model does"),
        ("stability", "not even short runs"),
    ],
)
def test_the_recommendation_follows_what_failed(check_id, words):
    verdict = judge(changed(all_results(), result(check_id, status=Status.FAIL)))
    assert words in verdict.recommendation


@pytest.mark.parametrize("status", OPEN)
def test_what_was_not_decided_is_not_approved(status):
    verdict = judge(changed(all_results(), result("force_accuracy", status=status)))
    assert verdict.status is VerdictStatus.INCONCLUSIVE
    assert [(r.check, r.status) for r in verdict.reasons] == [("force_accuracy", status)]
    assert answers(verdict) == [ClaimStatus.YES, ClaimStatus.UNDECIDED]
    assert "force_accuracy" in verdict.next_step
    assert verdict.failure_modes == ()


def test_errors_come_before_what_is_missing_and_that_before_the_rest():
    results = changed(
        all_results(),
        result("speed", status=Status.ERROR),
        result("export_parity", status=Status.SKIPPED),
    )
    results = [r for r in results if (r.id, r.system) != ("determinism", "water")]
    assert checks_named(judge(results)) == ["speed", "determinism", "export_parity"]


@pytest.mark.parametrize("missing", STANDARD.required)
def test_a_required_check_without_a_result_on_one_system_leaves_it_open(missing):
    results = [r for r in all_results() if (r.id, r.system) != (missing, "methane")]
    verdict = judge(results)
    assert verdict.status is VerdictStatus.INCONCLUSIVE
    found = [(r.check, r.system, r.status) for r in verdict.reasons]
    assert found == [(missing, "methane", None)]
    assert "--resume" in verdict.next_step


def test_a_condition_without_a_result_leaves_it_open():
    results = all_results(EXTENDED)
    assert judge(results, protocol=EXTENDED).status is VerdictStatus.APPROVED
    hot = {"temperature_kelvin": 500.0, "timestep_fs": 2.0}
    kept = [r for r in results if r.id != "stability" or not hot.items() <= r.condition.items()]
    verdict = judge(kept, protocol=EXTENDED)
    assert verdict.status is VerdictStatus.INCONCLUSIVE
    first = verdict.reasons[0]
    assert (first.check, first.system, first.status) == ("stability", "water", None)
    assert first.condition == hot


def test_a_check_that_says_no_condition_was_run_is_one_reason():
    none_run = result("stability", status=Status.SKIPPED).model_copy(update={"condition": {}})
    verdict = judge(changed(all_results(), none_run))
    assert checks_named(verdict) == ["stability"]


def test_quick_rejects_and_never_approves():
    passed = judge(all_results(QUICK), protocol=QUICK)
    assert passed.status is VerdictStatus.INCONCLUSIVE
    assert checks_named(passed) == [""]
    assert passed.label == NOTHING_AGAINST
    assert ClaimStatus.YES not in answers(passed)
    assert "--protocol standard" in passed.next_step
    bad = changed(all_results(QUICK), result("stability", status=Status.FAIL))
    assert judge(bad, protocol=QUICK).status is VerdictStatus.REJECTED


def test_nothing_measured_or_applicable_is_not_approved():
    inapplicable = [r.model_copy(update={"status": Status.NOT_APPLICABLE}) for r in all_results()]
    for results in ([], inapplicable):
        nothing = judge(results)
        assert nothing.status is VerdictStatus.INCONCLUSIVE
        assert answers(nothing) == [ClaimStatus.UNDECIDED, ClaimStatus.UNDECIDED]
    assert "" in checks_named(judge([]))
    none_required = judge([], protocol=STANDARD.model_copy(update={"required": ()}))
    assert none_required.status is VerdictStatus.INCONCLUSIVE
    assert none_required.next_step
    no_system = judge(all_results(), scope=SCOPE.model_copy(update={"systems": ()}))
    assert no_system.status is VerdictStatus.INCONCLUSIVE


def test_a_check_that_does_not_apply_does_not_stand_in_the_way():
    fixed = [
        result("export_parity", status=Status.NOT_APPLICABLE, value=None),
        result("stability", status=Status.NOT_APPLICABLE, value=None).model_copy(
            update={"condition": {}}
        ),
        result("geometry_accuracy", status=Status.NOT_APPLICABLE, value=None),
    ]
    verdict = judge(changed(all_results(), *fixed))
    assert verdict.label == "APPROVED"
    assert answers(verdict) == [ClaimStatus.YES, ClaimStatus.YES]


@pytest.mark.parametrize(
    ("methane", "water", "not_asked", "expected"),
    [
        (Status.SKIPPED, Status.SKIPPED, SYSTEMS, ClaimStatus.NOT_ASKED),
        # A comparison that was requested and is missing.
        (Status.SKIPPED, Status.SKIPPED, (), ClaimStatus.UNDECIDED),
        (Status.FAIL, Status.FAIL, SYSTEMS, ClaimStatus.NO),
        (Status.ERROR, Status.ERROR, SYSTEMS, ClaimStatus.UNDECIDED),
        # Only one of the systems is compared.
        (Status.SKIPPED, Status.PASS, ["methane"], ClaimStatus.NOT_ASKED),
        (Status.SKIPPED, Status.FAIL, ["methane"], ClaimStatus.NO),
        (Status.SKIPPED, Status.INCONCLUSIVE, ["methane"], ClaimStatus.UNDECIDED),
        (Status.SKIPPED, Status.SKIPPED, ["methane"], ClaimStatus.UNDECIDED),
        (Status.SKIPPED, None, ["methane"], ClaimStatus.UNDECIDED),
    ],
)
def test_accuracy_is_judged_where_a_reference_was_asked_for(methane, water, not_asked, expected):
    statuses = {"methane": methane, "water": water}
    results = [
        one.model_copy(update={"status": statuses[one.system], "value": None})
        if one.group == "accuracy"
        else one
        for one in all_results()
        if one.group != "accuracy" or statuses[one.system] is not None
    ]
    verdict = judge(results, not_asked=not_asked)
    assert answers(verdict) == [ClaimStatus.YES, expected]
    assert (verdict.label == SOUND_ONLY) is (expected is ClaimStatus.NOT_ASKED)
    if expected is ClaimStatus.NOT_ASKED:
        assert "--reference" in verdict.next_step
        assert "methane" in verdict.claims.accurate.reasons[0].message


def test_a_protocol_without_accuracy_checks_does_not_ask_for_accuracy():
    accuracy = {spec.id for spec in CHECKS if spec.group == "accuracy"}
    part = tuple(name for name in STANDARD.required if name not in accuracy)
    protocol = STANDARD.model_copy(update={"required": part})
    results = [r.model_copy(update={"required": r.id in part}) for r in all_results()]
    verdict = judge(results, protocol=protocol)
    assert verdict.claims.accurate.status is ClaimStatus.NOT_ASKED
    assert verdict.label == SOUND_ONLY


def test_failures_of_both_claims_are_told_apart():
    bad = [result(name, status=Status.FAIL) for name in ("force_accuracy", "energy_drift")]
    verdict = judge(changed(all_results(), *bad))
    assert answers(verdict) == [ClaimStatus.NO, ClaimStatus.NO]
    assert checks_named(verdict) == ["energy_drift", "force_accuracy"]
    assert [r.check for r in verdict.claims.accurate.reasons] == ["force_accuracy"]
    assert len(verdict.failure_modes) == 2


def test_a_flag_lost_on_the_way_hides_no_failure():
    hidden = result("stability", status=Status.FAIL, required=False)
    assert judge(changed(all_results(), hidden)).status is VerdictStatus.REJECTED


@given(
    status=st.sampled_from(list(Status)),
    check_id=st.sampled_from(STANDARD.reported),
    system=st.sampled_from(SYSTEMS),
)
def test_reported_checks_decide_nothing(status, check_id, system):
    results = changed(all_results(), result(check_id, system=system, status=status))
    assert judge(results).status is VerdictStatus.APPROVED


ASSIGNMENT = st.dictionaries(
    st.tuples(st.sampled_from(STANDARD.required), st.sampled_from(SYSTEMS)),
    st.sampled_from([*Status, None]),
)


@given(
    assignment=ASSIGNMENT,
    protocol=st.sampled_from([STANDARD, QUICK]),
    order=st.randoms(use_true_random=False),
)
def test_the_rules_hold_whatever_was_found(assignment, protocol, order):
    results = [r for r in all_results(protocol) if (r.id, r.system) not in assignment]
    results += [
        result(check_id, system=system, status=status)
        for (check_id, system), status in assignment.items()
        if status is not None
    ]
    order.shuffle(results)
    verdict = judge(results, protocol=protocol)
    found = set(assignment.values())
    if Status.FAIL in found:
        expected = VerdictStatus.REJECTED
    elif found - {Status.PASS, Status.NOT_APPLICABLE} or not protocol.may_approve:
        expected = VerdictStatus.INCONCLUSIVE
    else:
        expected = VerdictStatus.APPROVED
    assert verdict.status is expected
    assert verdict.reasons
    assert verdict.recommendation
    assert verdict.next_step
    assert bool(verdict.failure_modes) is (expected is VerdictStatus.REJECTED)
    if expected is VerdictStatus.REJECTED:
        assert len(verdict.reasons) == list(assignment.values()).count(Status.FAIL)


@given(assignment=ASSIGNMENT)
def test_the_verdict_does_not_depend_on_the_order_of_results(assignment):
    results = [
        result(check_id, system=system, status=status)
        for (check_id, system), status in assignment.items()
        if status is not None
    ]
    assert judge(results) == judge(results[::-1])
