"""Files to start from: a protocol of one's own, and the CI of a model repository."""

import re

import pytest

from openmm_mlff.config import list_protocols, load_protocol


@pytest.mark.parametrize("base", list_protocols())
def test_a_new_protocol_is_the_one_it_extends_until_it_is_changed(base, tmp_path, command):
    path = tmp_path / "mine.toml"
    assert f"--protocol {path}" in command("new-protocol", path, "--extends", base).out
    own, extended = load_protocol(str(path)), load_protocol(base)
    told = {"name": "mine", "description": own.description}
    assert own == extended.model_copy(update=told)
    # Every setting is there to be changed, and has the value that it has.
    path.write_text(re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.MULTILINE))
    assert load_protocol(str(path)) == own
    path.write_text(path.read_text().replace("timesteps_fs = [0.5", "timesteps_fs = [0.25"))
    assert load_protocol(str(path)).dynamics.timesteps_fs[0] == 0.25


def test_a_protocol_of_ones_own_can_be_extended_from_anywhere(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    command("new-protocol", "first.toml")
    (tmp_path / "inside").mkdir()
    command("new-protocol", "inside/second.toml", "--extends", "first.toml")
    monkeypatch.chdir("/")
    assert load_protocol(str(tmp_path / "inside/second.toml")).name == "second"


def test_the_ci_of_a_repository_is_written_for_its_model(tmp_path, command):
    assert command("init", "student:original", tmp_path).code == 0
    refused = command("init", "no_model.pt", tmp_path / "other")
    assert (refused.code, (tmp_path / "other").exists()) == (2, False)
    assert "--mlff-potential=student:original\n" in (tmp_path / "pytest.ini").read_text()
    assert "compare --baseline" in (tmp_path / ".github/workflows/force_field.yml").read_text()
    assert (tmp_path / "tests/test_model.py").is_file()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("new-protocol taken.toml", "taken.toml exists"),
        ("new-protocol mine", ".toml"),
        ("new-protocol mine.toml --extends standrad", "'standard'"),
        ("init nothing", "'nothing'"),
        ("init student:tiny", "pytest.ini exists"),
    ],
)
def test_nothing_is_overwritten_and_mistakes_are_named(line, said, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    for name in ("taken.toml", "pytest.ini"):
        (tmp_path / name).write_text("mine")
    refused = command(*line.split())
    assert refused.code == 2
    assert said in refused.err
    assert {path.name for path in tmp_path.iterdir()} == {"taken.toml", "pytest.ini"}
    assert command(*line.split(), "--force").code == (0 if "exists" in said else 2)
