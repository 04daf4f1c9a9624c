"""What differs is said by name; that whole runs are refused by it is in test_kills.py."""

import json
from pathlib import Path

import pytest

import openmm_mlff as mlff
from openmm_mlff.errors import ConfigError, RunDirectoryError
from openmm_mlff.pipeline.preparing import prepare, write_run_file
from openmm_mlff.pipeline.resuming import (
    PLATFORM_FILE,
    first_difference,
    keep_platform,
    share_platform,
)
from openmm_mlff.request import ValidationRequest
from openmm_mlff.simulation.environment import describe_environment
from openmm_mlff.simulation.platforms import PlatformChoice


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b was [1, 2] and is now [1, 3]"),
        ({}, {"a": None, "b": 2}, "b was None and is now 2"),
        ({"a": 1}, None, "all was {'a': 1} and is now None"),
    ],
)
def test_the_first_difference_is_named(before, now, expected):
    assert first_difference(before, now) == expected


def test_resuming_needs_a_folder(random_student, short_protocol):
    with pytest.raises(ConfigError, match="--resume was given without a folder"):
        mlff.validate(random_student, systems=["water"], protocol=short_protocol, resume=True)


def test_another_molecule_of_the_same_name_is_refused(random_student, short_protocol, tmp_path):
    structure = tmp_path / "mine.xyz"
    structure.write_text("3\n\nO 0 0 0\nH 0.76 -0.59 0\nH -0.76 -0.59 0\n")

    def plan(*, resume):
        return prepare(
            ValidationRequest(
                potential=random_student,
                systems=[str(structure)],
                protocol=short_protocol,
                reference="none",
                platform="Reference",
                precision="mixed",
                seed=1,
                output=tmp_path / "out",
                resume=resume,
            )
        )

    begun = plan(resume=False)
    write_run_file(begun, status="running", environment=describe_environment(precision="mixed"))
    begun.lock.release()
    plan(resume=True).lock.release()
    structure.write_text(structure.read_text().replace("0.76 -0.59", "0.77 -0.59"))
    with pytest.raises(RunDirectoryError, match="the system mine is not the one"):
        plan(resume=True)
    structure.write_text(structure.read_text().replace("0.77 -0.59", "0.76 -0.59"))
    table = json.loads((tmp_path / "out" / "run.json").read_text())
    # Settings that are newer than the run have their defaults.
    del table["spec"]["options"]["implicit_solvent"]
    (tmp_path / "out" / "run.json").write_text(json.dumps(table))
    plan(resume=True).lock.release()
    del table["environment"]
    (tmp_path / "out" / "run.json").write_text(json.dumps(table))
    with pytest.raises(RunDirectoryError, match="lacks 'environment'"):
        plan(resume=True)


def never():
    raise AssertionError("chosen a second time")


@pytest.mark.parametrize("name", ["CPU", "Reference"])
def test_a_platform_is_chosen_once(tmp_path, name):
    chosen = PlatformChoice(name, {}, "the faster")
    assert keep_platform(tmp_path, lambda: chosen) == chosen
    assert keep_platform(tmp_path, never) == chosen


def test_the_first_of_two_processes_chooses(tmp_path):
    first, second = (PlatformChoice(name, {}, "the faster") for name in ("CPU", "Reference"))

    def overtaken():
        assert keep_platform(tmp_path, lambda: first) == first
        return second

    assert keep_platform(tmp_path, overtaken) == first
    assert [path.name for path in tmp_path.iterdir()] == [PLATFORM_FILE]


def test_models_that_are_compared_share_a_platform(tmp_path):
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    for folder in (one, other, third):
        folder.mkdir()
    chosen = PlatformChoice("Reference", {}, "the faster")
    share_platform(one, other)
    assert not (other / PLATFORM_FILE).exists()
    keep_platform(one, lambda: chosen)
    share_platform(one, one)
    share_platform(one, other)
    assert keep_platform(other, never) == chosen
    kept = keep_platform(third, lambda: PlatformChoice("CPU", {}, "the faster"))
    share_platform(one, third)
    assert keep_platform(third, never) == kept


@pytest.mark.parametrize("content", ["{}", "[]", '{"name": "CPU"}'])
def test_a_damaged_choice_is_named(tmp_path, content):
    path = tmp_path / PLATFORM_FILE
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RunDirectoryError, match=f"{path} does not hold name"):
        keep_platform(tmp_path, never)


def test_a_run_may_be_resumed_with_other_checks_and_thresholds(
    random_student, brief_protocol, tmp_path
):
    def validated(*required, resume, **changes):
        path = Path(brief_protocol(*required))
        for old, new in changes.values():
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        return mlff.validate(
            random_student,
            systems=["water"],
            protocol=str(path),
            reference="none",
            platform="Reference",
            output=tmp_path / "out",
            resume=resume,
        )

    def measured():
        return {path: path.read_bytes() for path in (tmp_path / "out/water").rglob("*.npz")}

    first = validated("translation_invariance", resume=False)
    before = measured()
    assert [result.id for result in first.checks] == ["translation_invariance"]
    asked = ("translation_invariance", "permutation_invariance")
    limit = "[criteria.translation_invariance]\nenergy.value = -1.0\n"
    second = validated(*asked, resume=True, criteria=("[dynamics]", limit + "[dynamics]"))
    assert tuple(result.id for result in second.checks) == asked
    assert [one.status.value for one in (first.checks[0], *second.checks)] == [
        "PASS",
        "FAIL",
        "PASS",
    ]
    assert before.items() < measured().items()
    with pytest.raises(RunDirectoryError, match="temperatures_kelvin"):
        validated(
            *asked,
            resume=True,
            dynamics=("[dynamics]", "[dynamics]\ntemperatures_kelvin = [400.0]"),
        )
