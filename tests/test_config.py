"""Protocols are checked where they enter, and a message names what would be right."""

import pytest

from openmm_mlff.config import (
    DynamicsSpec,
    list_protocols,
    load_protocol,
    nearest,
    parse_protocol,
)
from openmm_mlff.errors import ConfigError


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_three_protocols_are_there():
    assert list_protocols() == ["extended", "quick", "standard"]


@pytest.mark.parametrize("name", ["quick", "standard", "extended"])
def test_each_protocol_loads_under_its_own_name(name):
    assert load_protocol(name).name == name


def test_quick_never_approves_and_the_others_may():
    approving = {name: load_protocol(name).may_approve for name in list_protocols()}
    assert approving == {"quick": False, "standard": True, "extended": True}


def test_standard_runs_what_the_mission_asks_for():
    dynamics = load_protocol("standard").dynamics
    assert (dynamics.equilibration_ps, dynamics.duration_ps) == (1.0, 10.0)
    assert (dynamics.timesteps_fs, dynamics.temperatures_kelvin) == ((0.5,), (300.0,))


def test_a_file_that_extends_changes_only_what_it_states(tmp_path):
    path = write(
        tmp_path / "mine.toml",
        'extends = "standard"\nname = "mine"\n[dynamics]\nduration_ps = 2.0\n',
    )
    mine, standard = load_protocol(path), load_protocol("standard")
    assert mine.dynamics.duration_ps == 2.0
    assert mine.dynamics.equilibration_ps == standard.dynamics.equilibration_ps
    assert mine.criteria == standard.criteria


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('extends = "standard"\n[dynamics]\nduraton_ps = 2.0\n', "did you mean 'duration_ps'"),
        ('extends = "standard"\n[probes]\ngeometris = 2\n', "did you mean 'geometries'"),
        ('extends = "standard"\nrequird = []\n', "did you mean 'required'"),
        ('extends = "standard"\n[dynamics]\nduration_ps = -1.0\n', "dynamics.duration_ps"),
        ('extends = "standard"\n[dynamics]\nduration_ps = 50.0\n', "longest_ps"),
        ('extends = "standrd"\n', "did you mean 'standard'"),
        ("this is = = no TOML", "expected a TOML file"),
    ],
)
def test_a_wrong_protocol_is_refused_with_what_would_be_right(tmp_path, text, expected):
    with pytest.raises(ConfigError, match=expected):
        load_protocol(write(tmp_path / "wrong.toml", text))


def test_a_threshold_without_a_source_is_refused():
    table = {"name": "x", "required": ["speed"], "criteria": {"speed": {"a": {"value": 1.0}}}}
    with pytest.raises(ConfigError, match=r"criteria\.speed\.a\.unit"):
        parse_protocol(table, origin="x")


def test_a_protocol_that_extends_itself_is_refused(tmp_path):
    path = tmp_path / "loop.toml"
    with pytest.raises(ConfigError, match="extends itself"):
        load_protocol(write(path, f'extends = "{path}"\n'))


def test_a_missing_file_and_an_unknown_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot read protocol"):
        load_protocol(str(tmp_path / "absent.toml"))
    with pytest.raises(ConfigError, match="did you mean 'quick'"):
        load_protocol("quik")


def test_specs_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        DynamicsSpec().replicas = 2


def test_nearest_lists_what_is_known_when_nothing_is_near():
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
