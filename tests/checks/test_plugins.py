"""Checks and potentials of the user's own: from files and from entry points."""

import pytest

from openmm_mlff.checks.plugins import with_plugins
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
    with pytest.raises(PotentialError, match="cannot create it"):
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
