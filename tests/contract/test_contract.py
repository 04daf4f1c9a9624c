"""Every check, on every kind of system, through its real measurement, the stored record and back.

A healthy potential against itself as reference must never give an ERROR, a FAIL or a SKIPPED.
"""

import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.results import Status
from openmm_mlff.selftest.kinds import KINDS

ONE_TEMPERATURE = {"temperature_scan"}
"""Checks that one temperature leaves SKIPPED; no protocol of one temperature asks them."""

CLOCKS = {"speed", "slow_down"}
"""Checks whose outcome depends on how busy the machine is; that they can be asked is tested."""

FOR_SLOW_KINDS = {
    "dynamics": {"equilibration_ps": 0.05, "duration_ps": 0.05, "longest_ps": 0.05},
    "probes": {
        "geometries": 2,
        "repeats": 2,
        "parity_steps": 5,
        "reference_frames": 3,
        "thermal_frames": 1,
        "rotations": 1,
        "directions": 1,
        "scan_step_angstrom": 0.1,
        "convergence_ps": 0.02,
        "reversal_steps": 20,
        "sampling_ps": 0.1,
        "thermostats_ps": 0.1,
        "ensemble_ps": 0.02,
        "ensemble_runs": 2,
    },
}
"""A step of some hundred atoms takes a hundred times as long as one of water."""

AT_FAULT = (Status.ERROR, Status.FAIL, Status.SKIPPED)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=kind.name, marks=[pytest.mark.slow] if kind.is_slow else [])
        for kind in KINDS
    ],
)
def test_a_healthy_potential_is_never_at_fault(kind, findings, make_protocol):
    molecule = kind.molecule()
    potential = kind.potential(molecule)

    protocol = make_protocol(**(FOR_SLOW_KINDS if kind.is_slow else {}))

    found = findings(
        potential,
        molecule,
        CHECKS,
        protocol=protocol,
        reference=potential,
        platform="CPU" if kind.is_slow else "Reference",
    )

    at_fault = {
        name: result.message
        for name, result in found.items()
        if result.status in AT_FAULT and not (name in CLOCKS and result.status is Status.FAIL)
    }
    assert set(found) == {check.id for check in CHECKS}
    assert set(at_fault) <= ONE_TEMPERATURE, at_fault
