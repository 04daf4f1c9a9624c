import pytest
import torch

from openmm_mlff.results import CheckResult, Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.runner import (
    Finding,
    compiled_quickly,
    examine_fault,
    most_severe,
    protocol_for,
    repeat_timed,
    selftest_protocol,
    with_check,
)


def result(check: str, status: Status) -> CheckResult:
    return CheckResult(
        id=check, group="parity", system="water", status=status, message=status.value
    )


def test_the_most_severe_result_of_a_check_counts():
    found = most_severe(
        [result("a", Status.PASS), result("a", Status.FAIL), result("b", Status.INCONCLUSIVE)]
    )
    assert found["a"].status is Status.FAIL
    assert found["a"].is_alarm
    assert not found["b"].is_alarm


def test_the_protocol_never_approves_and_needs_no_reference():
    protocol = selftest_protocol()
    assert not protocol.may_approve
    assert not {"force_accuracy", "energy_accuracy", "geometry_accuracy"} & set(protocol.required)
    standard = protocol.criteria
    assert standard["rotation_invariance"]


def test_networks_run_for_a_shorter_time():
    assert protocol_for("network").dynamics.duration_ps < protocol_for("pair").dynamics.duration_ps
    left_out = set(protocol_for("pair").required) - set(protocol_for("network").required)
    assert left_out == {"kinetic_distribution"}


def test_trajectories_are_short_only_for_checks_that_do_not_read_them():
    protocol = selftest_protocol()
    for check, short in (("determinism", True), ("energy_drift", False)):
        part = with_check(protocol, check)
        assert part.required == (check,)
        assert (part.dynamics.duration_ps < protocol.dynamics.duration_ps) is short


def test_fusion_is_back_afterwards():
    before = torch.jit.set_fusion_strategy([("STATIC", 1)])
    with compiled_quickly():
        assert torch.jit.set_fusion_strategy([]) == []
    assert torch.jit.set_fusion_strategy(before) == [("STATIC", 1)]


def test_only_the_checks_asked_for_are_run_and_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    protocol = with_check(selftest_protocol(), "determinism")
    found = examine_fault(get_fault("dropout"), strength=0.1, protocol=protocol)
    assert list(found) == ["determinism"]
    assert found["determinism"].is_alarm
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("strength", "seen"), [(0.5e-3, False), (2e-3, True)])
def test_a_jump_is_seen_from_its_threshold_on(strength, seen):
    fault = get_fault("jump at the cutoff")
    protocol = with_check(selftest_protocol(), fault.check)
    assert examine_fault(fault, strength=strength, protocol=protocol)[fault.check].is_alarm is seen


def findings(*statuses):
    said = iter(statuses)
    return lambda: {"slow_down": Finding(next(said), "")}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ((Status.PASS,), Status.PASS),
        ((Status.FAIL, Status.INCONCLUSIVE), Status.INCONCLUSIVE),
        ((Status.FAIL, Status.FAIL), Status.FAIL),
    ],
)
def test_what_a_clock_says_is_asked_again(later, expected):
    found = {"slow_down": Finding(Status.FAIL, ""), "stability": Finding(Status.FAIL, "")}
    again = repeat_timed(found, doubtful=lambda finding: finding.is_alarm, repeat=findings(*later))
    assert again["slow_down"].status is expected
    assert again["stability"].status is Status.FAIL


def test_a_protocol_without_clocks_asks_nothing_again():
    found = {"stability": Finding(Status.FAIL, "")}
    assert repeat_timed(found, doubtful=lambda _: True, repeat=findings()) == found
