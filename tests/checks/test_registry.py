import dataclasses
import importlib
import inspect
import typing

import pytest

from openmm_mlff.checks import CHECKS, get_check, select
from openmm_mlff.checks.base import Group
from openmm_mlff.checks.registry import without_retired
from openmm_mlff.config import Threshold
from openmm_mlff.errors import ConfigError
from openmm_mlff.measuring.shared import SHARED
from openmm_mlff.pipeline.protocol import resolve_protocol
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.runs import Runs


@pytest.fixture
def standard():
    """The standard protocol with the check that an option adds."""
    return resolve_protocol(ValidationRequest(potential="a.pt", second_reference="b.pt"))


def test_ids_are_unique():
    ids = {check.id for check in CHECKS}
    assert len(ids) == len(CHECKS)
    assert not ids & set(SHARED)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_is_complete_in_the_file_of_its_name(check, standard):
    module = importlib.import_module(f"openmm_mlff.checks.{check.group}.{check.id}")
    assert (check, check.judge) == (module.CHECK, module.judge)
    assert check.group in typing.get_args(Group)
    assert check.scope in ("system", "condition")
    for text in (check.question, check.formula, check.source, check.consequence, check.remedy):
        assert text.strip() == text != ""
    assert check.question.endswith("?")
    assert check.unit
    assert list(inspect.signature(check.judge).parameters) == ["record", "limits"]
    assert dataclasses.is_dataclass(check.record)
    assert set(check.needs) <= set(SHARED)
    assert set(check.limits) <= set(standard.limits_for(check.id))
    if check.scope == "condition":
        assert "trajectories" in check.needs or check.record is Runs


def test_required_checks_are_told_from_reported_ones(standard):
    selected = select(standard)
    assert {spec.id for spec, required in selected if required} == set(standard.required)
    assert {spec.id for spec, required in selected if not required} == set(standard.reported)
    assert [spec for spec, _ in selected] == [
        check for check in CHECKS if check.id in {spec.id for spec, _ in selected}
    ]
    # One named twice is required and comes once.
    twice = {"required": ("stability", "stability"), "reported": ("stability",)}
    assert select(standard.model_copy(update=twice)) == [(get_check("stability"), True)]


def limit(value, unit):
    return Threshold(value=value, unit=unit, source="test")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"required": ("stabilty",)}, "did you mean 'stability'"),
        ({"reported": ("stabilty",)}, "did you mean 'stability'"),
        ({"criteria": {"sped": {}}}, "did you mean 'speed'"),
        (
            {"criteria": {"geometry_accuracy": {"bonds": limit(1.0, "Å")}}},
            r"'criteria.geometry_accuracy.bonds'; did you mean 'bond'",
        ),
        ({"criteria": {"speed": None}}, r"lacks criteria\.speed\.gpu \(ms/step\)"),
        (
            {"criteria": {"force_accuracy": {"rmse": limit(200.0, "meV/Å")}}},
            "is in 'meV/Å', expected 'eV/Å'",
        ),
    ],
)
def test_a_protocol_that_cannot_be_served_is_refused(standard, part, message):
    if "criteria" in part:
        criteria = dict(standard.criteria)
        for name, table in part["criteria"].items():
            criteria[name] = {} if table is None else {**criteria.get(name, {}), **table}
        part = {"criteria": criteria}
    with pytest.raises(ConfigError, match=message):
        select(standard.model_copy(update=part))


def test_what_checks_no_longer_have_is_left_out_of_earlier_runs(standard):
    criteria = {
        **standard.criteria,
        "speed": {**standard.limits_for("speed"), "tpu": limit(1.0, "ms/step")},
        "gone": {"most": limit(1.0, "eV")},
    }
    earlier = standard.model_copy(
        update={"criteria": criteria, "reported": (*standard.reported, "gone")}
    )
    assert without_retired(earlier) == standard
    with pytest.raises(ConfigError, match="unknown check 'gone'"):
        select(without_retired(standard.model_copy(update={"required": ("gone",)})))
