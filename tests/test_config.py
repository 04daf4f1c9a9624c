"""Protocols that extend another; that wrong ones are refused is in bad_input."""

import pytest

from openmm_mlff.config import DynamicsSpec, load_protocol, nearest


def test_a_file_that_extends_changes_only_what_it_states(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "standard"\nname = "mine"\n[dynamics]\nduration_ps = 2.0\n'
        '[criteria.energy_drift]\nslope = { value = 0.02, unit = "meV/atom/ps", source = "x" }\n',
        encoding="utf-8",
    )
    mine, standard = load_protocol(str(path)), load_protocol("standard")
    assert mine.dynamics == standard.dynamics.model_copy(update={"duration_ps": 2.0})
    assert mine.criteria["energy_drift"]["slope"].value == 0.02
    assert mine.criteria["energy_drift"]["ratio"] == standard.criteria["energy_drift"]["ratio"]
    changed = {key for key in mine.criteria if mine.criteria[key] != standard.criteria[key]}
    assert changed == {"energy_drift"}


def test_specs_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        DynamicsSpec().replicas = 2


def test_nearest_lists_what_is_known_when_nothing_is_near():
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
