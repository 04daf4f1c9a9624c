"""Further models are loaded, evaluated once and part of what a run is."""

import pytest

import openmm_mlff as mlff
from openmm_mlff.errors import ConfigError, UserError
from openmm_mlff.molecules import systems_root
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.run_directory import RUN_FILE, read_json

ETHANOL = str(systems_root() / "ethanol_in_water" / "ethanol.xml")


@pytest.fixture
def prepared(tmp_path):
    def prepare_with(**settings):
        given = {"potential": "student:tiny", "systems": ["water"], "reference": "none"}
        given |= {"platform": "Reference", "output": tmp_path / "run"}
        plan = prepare(ValidationRequest(**(given | settings)))
        plan.lock.release()
        return plan

    return prepare_with


def test_its_models_are_loaded_and_named_by_the_run(prepared):
    plan = prepared(committee=["student:ultra-tiny"])
    assert [model.spec for model in plan.potential.committee] == ["student:ultra-tiny"]
    assert list(plan.fingerprints["committee"]) == ["student:ultra-tiny"]
    assert "--committee student:ultra-tiny" in plan.request.to_command()


def test_without_one_nothing_changes(prepared):
    plan = prepared()
    assert plan.potential.committee == ()
    assert "committee" not in plan.fingerprints


def test_a_second_reference_is_reported_and_part_of_the_run(tmp_path, brief_protocol):
    report = mlff.validate(
        "student:tiny",
        systems="water",
        reference="student:original",
        second_reference="student:ultra-tiny",
        protocol=brief_protocol("force_accuracy"),
        platform="Reference",
        output=tmp_path / "run",
    )
    result = report.checks["second_reference"][0]
    assert not result.required
    assert result.status is Status.PASS, result.message
    assert "student:original and student:ultra-tiny" in result.message
    named = read_json(tmp_path / "run" / RUN_FILE)["fingerprints"]["second_reference"]
    assert "student:ultra-tiny" in named["files"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"committee": ["no-such-file.pt"]}, UserError),
        ({"second_reference": "no-such-file.pt", "reference": "student:tiny"}, UserError),
        ({"second_reference": "student:ultra-tiny"}, ConfigError),
        (
            {
                "committee": ["student:ultra-tiny"],
                "systems": ["ethanol_in_water"],
                "options": {
                    "ml_atoms": "resname ETH",
                    "forcefield": [ETHANOL, "amber14/tip3p.xml"],
                },
            },
            ConfigError,
        ),
    ],
)
def test_one_that_cannot_be_used_is_refused(prepared, settings, error):
    with pytest.raises(error, match=r"committee|no-such-file|second-reference"):
        prepared(**settings)
