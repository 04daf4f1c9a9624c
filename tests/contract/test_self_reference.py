"""A sound potential against itself is APPROVED, both claims, by every check that standard requires.

The runs are shorter than those of the standard protocol, and its samples smaller;
``scripts/validate_itself.py`` asks the same of the protocol itself.
"""

import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.results import ClaimStatus, VerdictStatus
from openmm_mlff.selftest.kinds import KINDS
from openmm_mlff.selftest.runner import validate_with

DYNAMICS = {"equilibration_ps": 0.2, "duration_ps": 1.0, "longest_ps": 8.0}
PROBES = {"convergence_ps": 0.15, "sampling_ps": 4.0, "thermostats_ps": 4.0}
FAST = ("argon", "nitrogen", "water", "ammonium", "acetate")


@pytest.mark.parametrize("name", FAST)
def test_a_sound_potential_against_itself_is_approved(name, make_protocol, tmp_path):
    kind = next(kind for kind in KINDS if kind.name == name)
    molecule = kind.molecule()
    potential = kind.potential(molecule)

    report = validate_with(
        potential,
        molecule,
        protocol=make_protocol(dynamics=DYNAMICS, probes=PROBES),
        root=tmp_path / "run",
        reference=potential,
    )

    answers = [claim.status for claim in report.verdict.claims.both]
    assert answers == [ClaimStatus.YES, ClaimStatus.YES], report.verdict.claims
    assert report.verdict.status is VerdictStatus.APPROVED
    required = {result.id for result in report.checks if result.required}
    assert required == set(make_protocol().required) <= {check.id for check in CHECKS}
