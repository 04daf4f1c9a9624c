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


def test_the_most_severe_result_of_a_check_counts():
    found = most_severe(
        [
            CheckResult(id=check, group="parity", system="water", status=status, message="so it is")
            for check, status in (
                ("a", Status.PASS),
                ("a", Status.FAIL),
                ("b", Status.INCONCLUSIVE),
            )
        ]
    )
    assert {name: one.status for name, one in found.items()} == {
        "a": Status.FAIL,
        "b": Status.INCONCLUSIVE,
    }
    assert [one.is_alarm for one in found.values()] == [True, False]


def test_protocols_never_approve_and_are_as_short_as_the_check_allows():
    protocol = selftest_protocol()
    assert not protocol.may_approve
    assert not {"force_accuracy", "energy_accuracy", "geometry_accuracy"} & set(protocol.required)
    pair, network = protocol_for("pair"), protocol_for("network")
    assert network.dynamics.duration_ps < pair.dynamics.duration_ps
    slow = {"kinetic_distribution", "vibrational_density"}
    assert set(pair.required) - set(network.required) == slow
    # Trajectories are short only for checks that do not read them.
    for check, short in (("determinism", True), ("energy_drift", False)):
        part = with_check(protocol, check)
        assert part.required == (check,)
        assert (part.dynamics.duration_ps < protocol.dynamics.duration_ps) is short


def test_fusion_is_back_afterwards():
    before = torch.jit.set_fusion_strategy([("STATIC", 1)])
    with compiled_quickly():
        assert torch.jit.set_fusion_strategy([]) == []
    assert torch.jit.set_fusion_strategy(before) == [("STATIC", 1)]


@pytest.mark.parametrize(("strength", "seen"), [(0.5e-3, False), (2e-3, True)])
def test_a_jump_is_seen_from_its_threshold_on_and_nothing_is_left_behind(
    tmp_path, monkeypatch, strength, seen
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fault = get_fault("jump at the cutoff")
    protocol = with_check(selftest_protocol(), fault.check)
    found = examine_fault(fault, strength=strength, protocol=protocol)
    assert {name: one.is_alarm for name, one in found.items()} == {fault.check: seen}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("timed", "later", "expected"),
    [
        (Status.FAIL, [Status.PASS], Status.PASS),
        (Status.FAIL, [Status.FAIL, Status.INCONCLUSIVE], Status.INCONCLUSIVE),
        (Status.FAIL, [Status.FAIL, Status.FAIL], Status.FAIL),
        (None, [], None),
    ],
)
def test_what_a_clock_says_is_asked_again(timed, later, expected):
    found = {"stability": Finding(Status.FAIL, "")}
    if timed:
        found["slow_down"] = Finding(timed, "")
    again = repeat_timed(
        found,
        doubtful=(Status.FAIL,),
        repeat=lambda: {"slow_down": Finding(later.pop(0), "")},
    )
    assert again["stability"].status is Status.FAIL
    assert not later
    assert (again["slow_down"].status if timed else None) is expected
