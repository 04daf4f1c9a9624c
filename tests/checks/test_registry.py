import dataclasses
import importlib
import inspect
import typing

import pytest

from openmm_mlff.checks import CHECKS, get_check, select
from openmm_mlff.checks.base import Group
from openmm_mlff.config import Protocol, Threshold, load_protocol
from openmm_mlff.errors import ConfigError
from openmm_mlff.measuring.shared import SHARED
from openmm_mlff.storage.runs import Runs


@pytest.fixture
def standard():
    return load_protocol("standard")


def changed(protocol: Protocol, **changes) -> Protocol:
    return protocol.model_copy(update=changes)


def test_ids_are_unique_and_name_their_files_in_the_folder_of_their_group():
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    for check in CHECKS:
        module = importlib.import_module(f"openmm_mlff.checks.{check.group}.{check.id}")
        assert check is module.CHECK
        assert check.judge is module.judge


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_is_described_and_complete(check, standard):
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


def test_a_check_is_found_by_its_id():
    assert get_check("energy_drift").id == "energy_drift"


def test_an_unknown_check_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'energy_drift'"):
        get_check("energy_drfit")


def test_required_checks_are_told_from_reported_ones(standard):
    selected = select(standard)
    assert {spec.id for spec, required in selected if required} == set(standard.required)
    assert {spec.id for spec, required in selected if not required} == set(standard.reported)
    assert [spec for spec, _ in selected] == [
        s for s in CHECKS if s.id in {x.id for x, _ in selected}
    ]


def test_a_check_named_twice_is_required_and_comes_once(standard):
    protocol = changed(standard, required=("stability", "stability"), reported=("stability",))
    assert select(protocol) == [(get_check("stability"), True)]


@pytest.mark.parametrize("place", ["required", "reported"])
def test_unknown_checks_of_a_protocol_are_refused(standard, place):
    with pytest.raises(ConfigError, match="did you mean 'stability'"):
        select(changed(standard, **{place: ("stabilty",)}))


def test_criteria_of_unknown_checks_are_refused(standard):
    with pytest.raises(ConfigError, match="did you mean 'speed'"):
        select(changed(standard, criteria=standard.criteria | {"sped": {}}))


def test_unknown_thresholds_are_refused_with_the_nearest(standard):
    limit = Threshold(value=1.0, unit="Å", source="test")
    criteria = standard.criteria | {
        "geometry_accuracy": standard.criteria["geometry_accuracy"] | {"bonds": limit}
    }
    with pytest.raises(
        ConfigError, match=r"'criteria.geometry_accuracy.bonds'; did you mean 'bond'"
    ):
        select(changed(standard, criteria=criteria))


def test_missing_thresholds_are_refused(standard):
    criteria = {name: table for name, table in standard.criteria.items() if name != "speed"}
    with pytest.raises(ConfigError, match=r"lacks criteria\.speed\.gpu \(ms/step\)"):
        select(changed(standard, criteria=criteria))


def test_a_threshold_in_another_unit_is_refused(standard):
    in_mev = Threshold(value=200.0, unit="meV/Å", source="test")
    criteria = standard.criteria | {
        "force_accuracy": standard.criteria["force_accuracy"] | {"rmse": in_mev}
    }
    with pytest.raises(ConfigError, match="is in 'meV/Å', expected 'eV/Å'"):
        select(changed(standard, criteria=criteria))
