"""The matrix itself: every gross fault is caught by name, and nothing healthy is."""

import importlib

import pytest

from openmm_mlff.measuring import experiments
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import FAULTS
from openmm_mlff.selftest.jobs import system_of
from openmm_mlff.selftest.oracles import KINDS
from openmm_mlff.selftest.runner import examine_fault, examine_healthy, protocol_for, with_check

# On water or methane; `openmm-mlff selftest` takes 20 seeds of everything.
HEALTHY = [(kind, seed) for seed, kind in enumerate(KINDS)]
HEALTHY += [pytest.param("argon", 0, marks=pytest.mark.slow)]
BY_THE_CLOCK = ("slowing down",)
"""Seen by clocks alone, which a machine that others use too can leave undecided."""

BREAKS = ("raises", "wrong shape", "raises beyond a distance")
"""Errors of the code; all others have numbers that are wrong."""


@pytest.fixture(autouse=True)
def _shorter(monkeypatch):
    """Shorten what no protocol sets: equilibration, and minimisation of forces without minimum."""
    monkeypatch.setattr(experiments, "SAMPLING_EQUILIBRATION_PS", 0.1)
    minimise = importlib.import_module("openmm_mlff.simulation.minimise")
    monkeypatch.setattr(minimise, "_FORCE_STEPS", 50)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_gross_fault_is_caught_by_the_check_named_for_it(fault):
    protocol = with_check(protocol_for(fault.parent), fault.check)
    found = examine_fault(fault, strength=fault.gross, protocol=protocol)
    finding = found[fault.check]
    if fault.name in BY_THE_CLOCK:
        assert finding.status is not Status.PASS, finding.message
    else:
        expected = Status.ERROR if fault.name in BREAKS else Status.FAIL
        assert finding.status is expected, finding.message


@pytest.mark.parametrize(("kind", "seed"), HEALTHY)
def test_a_healthy_potential_raises_no_alarm(kind, seed):
    found = examine_healthy(kind, system=system_of(seed, kind), seed=seed)
    assert {check: finding.message for check, finding in found.items() if finding.is_alarm} == {}
