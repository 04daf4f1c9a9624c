"""Checks and potentials of the user's own: from files and from entry points."""

from pathlib import Path

import pytest

from openmm_mlff.checks.plugins import load_plugin, trusting_only, with_plugins
from openmm_mlff.checks.registry import CHECKS, checks_of, get_check, select
from openmm_mlff.cli import main
from openmm_mlff.cli.completion import complete_check
from openmm_mlff.config import parse_protocol
from openmm_mlff.doctor import trial
from openmm_mlff.doctor.examination import installed_plugins
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status

OWN = "examples/own_check.py"


@pytest.fixture
def protocol(protocols):
    return protocols["quick"]


def test_an_own_check_is_required_with_its_thresholds(protocol):
    mine = with_plugins(protocol, [OWN])
    assert [spec.id for spec, required in select(mine) if required][-1] == "angle_stiffness"
    assert mine.limits_for("angle_stiffness")["cost"].value == 0.02
    assert parse_protocol(mine.model_dump(mode="json"), origin="dump") == mine
    assert get_check("angle_stiffness", checks_of(mine)).id == "angle_stiffness"
    # A protocol without plugins keeps its form.
    assert "plugins" not in protocol.model_dump(mode="json")
    assert checks_of(protocol) == CHECKS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CHECKS = (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "has no CHECKS"),
        ("CHECKS = (1,)", "not a Check"),
        ("from openmm_mlff.checks import CHECKS", "already"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path, protocol, text, said):
    file = tmp_path / "broken.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        select(with_plugins(protocol, [str(file)]))


def test_a_missing_file_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(["checks", "--plugin", "nowhere.py"])
    assert left.value.code == 2
    assert "cannot read plugin nowhere.py" in capsys.readouterr().err


def test_a_file_that_changed_or_that_only_a_run_names_is_not_run(tmp_path, protocol):
    file = tmp_path / "own.py"
    file.write_text(Path(OWN).read_text(encoding="utf-8"), encoding="utf-8")
    mine = with_plugins(protocol, [str(file)])
    with pytest.raises(ConfigError, match="name it with --plugin"):
        trusting_only(mine, [])
    assert trusting_only(mine, [str(file)]) == mine
    part = mine.model_copy(update={"required": ("determinism",), "reported": ()})
    assert trusting_only(part, [str(file)]) == part
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="has changed"):
        load_plugin(mine.plugins[0])


@pytest.mark.parametrize(
    ("system", "kind", "angles"), [("methane", "bonded", 12), ("smiles:[Ar]", "pair", 0)]
)
def test_an_own_check_measures_judges_and_draws(protocol, measured, sound, system, kind, angles):
    mine = with_plugins(protocol, [OWN])
    check, subject = get_check("angle_stiffness", checks_of(mine)), sound(kind, system)
    limits = mine.limits_for(check.id)
    result = measured(subject, check=check, limits=limits)
    if not angles:
        assert result.status is Status.NOT_APPLICABLE
        return
    assert result.status is Status.PASS
    assert result.value > limits["cost"].value
    (plot,) = check.plots(subject.store.read(check.id).record(check.record), limits)
    *lines, limit = plot.panels[0].marks
    assert (len(lines), limit.value) == (angles, limits["cost"].value)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    info = tmp_path / "fake-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[openmm_mlff.checks]\nbroken = nowhere_at_all:SPEC\n"
        "[openmm_mlff.potentials]\nfakeemt = ase.calculators.emt:parameters\n"
        "goodemt = fake_potential:make\n"
    )
    (tmp_path / "fake_potential.py").write_text(
        "from ase.calculators.emt import EMT\n\ndef make(argument):\n    return EMT()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_a_broken_entry_point_is_one_error(installed, protocol, measured, sound):
    asked = protocol.model_copy(update={"required": ("broken",), "reported": (), "criteria": {}})
    ((check, required),) = select(asked)
    result = measured(sound(), check=check)
    assert required
    assert result.status is Status.ERROR
    assert "nowhere_at_all" in result.message


def test_an_installed_potential(installed):
    assert load_potential("goodemt:x").ase_calculator().name == "emt"
    with pytest.raises(PotentialError, match="cannot make it"):
        load_potential("fakeemt:x")


def test_installed_checks_are_listed_completed_and_examined(installed, capsys):
    with pytest.raises(SystemExit):
        main(["checks"])
    assert "broken" in capsys.readouterr().out
    assert complete_check("bro") == ["broken"]
    assert ("openmm_mlff.checks", "broken") in installed_plugins()
    assert trial.try_plugin("openmm_mlff.potentials", "goodemt") == {"package": "fake 1.0"}
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
        trial.try_plugin("openmm_mlff.checks", "broken")
    with pytest.raises(TypeError, match="not a factory"):
        trial.try_plugin("openmm_mlff.potentials", "fakeemt")
