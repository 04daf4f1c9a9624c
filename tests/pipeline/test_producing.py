"""A part of a validation."""

import pytest

from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.pipeline.producing import restrict
from openmm_mlff.request import ValidationRequest


@pytest.fixture
def plan(tmp_path):
    request = ValidationRequest(
        potential="student:ultra-tiny",
        systems=("water", "methane"),
        protocol="quick",
        reference="none",
        platform="Reference",
        output=tmp_path / "out",
    )
    return prepare(request)


def test_a_part_keeps_what_is_wanted_and_cannot_approve(plan):
    part = restrict(plan, {"methane": ["determinism", "energy_drift", "memory"]})
    assert list(part.molecules) == ["methane"]
    assert [(spec.id, required) for spec, required in part.checks] == [
        ("determinism", True),
        ("energy_drift", True),
        ("memory", False),
    ]
    assert part.spec.protocol.may_approve is False
    assert part.spec.protocol.name == f"quick (3 of {len(plan.checks)} checks selected)"
    assert part.spec.protocol.dynamics == plan.spec.protocol.dynamics


def test_all_that_there_is_is_no_part(plan):
    everything = [spec.id for spec, _ in plan.checks]
    assert restrict(plan, {"water": everything, "methane": everything}) is plan
