"""The matrix itself: every gross fault is caught by name, and nothing healthy is."""

import pytest

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import FAULTS
from openmm_mlff.selftest.jobs import system_of
from openmm_mlff.selftest.oracles import KINDS
from openmm_mlff.selftest.runner import examine_fault, examine_healthy, protocol_for, with_check

SEEDS = 4
NETWORK_SEEDS = 2
"""A network takes ten times as long; `openmm-mlff selftest` takes 20 seeds of everything."""

HEALTHY = [
    (kind, seed) for kind in KINDS for seed in range(NETWORK_SEEDS if kind == "network" else SEEDS)
]
BY_THE_CLOCK = ("slowing down",)
"""Seen by clocks alone, which a machine that others use too can leave undecided."""


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_gross_fault_is_caught_by_the_check_named_for_it(fault):
    protocol = with_check(protocol_for(fault.parent), fault.check)
    found = examine_fault(fault, strength=fault.gross, protocol=protocol)
    finding = found[fault.check]
    if fault.name in BY_THE_CLOCK:
        assert finding.status is not Status.PASS, finding.message
    else:
        assert finding.is_alarm, finding.message


@pytest.mark.parametrize(("kind", "seed"), HEALTHY)
def test_a_healthy_potential_raises_no_alarm(kind, seed):
    found = examine_healthy(kind, system=system_of(seed), seed=seed)
    assert {check: finding.message for check, finding in found.items() if finding.is_alarm} == {}
