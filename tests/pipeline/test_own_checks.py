"""A check of one's own stands everywhere a built-in one does, from the run to the certificate."""

import json
import shutil
from pathlib import Path

import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline.isolated import IsolatedValidation
from openmm_mlff.pipeline.opening import open_validation
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.run_directory import read_json

OWN = Path("examples/own_check.py").read_text(encoding="utf-8")
PROTOCOL = """
extends = "quick"
name = "own"
may_approve = true
required = ["net_force_torque", "stability"]
reported = []
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.1
longest_ps = 0.1
[probes]
repeats = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""
FAILING = OWN.replace('"value": 0.02', '"value": 1e3')
RAISING = OWN.replace("    costs = ", '    raise ValueError("no cost")\n    costs = ', 1)


def asked(folder, **changes):
    """Name a run in a folder, as `mlff.validate` takes it."""
    return {
        "systems": ["water"],
        "protocol": str(folder / "own.toml"),
        "reference": "none",
        "platform": "Reference",
        "output": folder / "run",
        "plugins": [str(folder / "own.py")],
    } | changes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run with an own check, which approves."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(PROTOCOL, encoding="utf-8")
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    assert mlff.validate("student:ultra-tiny", **asked(folder)).exit_code == 0
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(made, tmp_path / "copy")
    # What the run recorded is the path of its own plugin.
    return tmp_path / "copy"


def command(*arguments):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code


def test_it_is_required_and_stands_in_every_report(made):
    report = json.loads((made / "run" / "report.json").read_text(encoding="utf-8"))
    (own,) = [check for check in report["checks"] if check["id"] == "angle_stiffness"]
    assert (own["status"], own["required"], own["system"]) == ("PASS", True, "water")
    assert "angle_stiffness" in (made / "run" / "report.md").read_text(encoding="utf-8")
    page = (made / "run" / "report.html").read_text(encoding="utf-8")
    for words in (
        "Does bending an angle cost energy?",
        "min over angles of",
        "typical bending constants of",
    ):
        assert words in page
    assert f"--plugin {made / 'own.py'}" in page


def test_it_stands_in_the_certificate_which_verifies(made, capsys):
    certificate = made / "run" / "certificate.json"
    assert "angle_stiffness" in {check["id"] for check in read_json(certificate)["checks"]}
    assert command("verify", certificate, "student:ultra-tiny") == 0
    capsys.readouterr()


def test_its_own_words_are_those_of_the_verdict(folder, capsys):
    (folder / "failing.py").write_text(FAILING, encoding="utf-8")
    plugin = folder / "failing.py"
    protocol = folder / "own.toml"
    assert command("judge", folder / "run", "--protocol", protocol, "--plugin", plugin, "-q") == 1
    verdict = read_json(folder / "run" / "report.json")["verdict"]
    (mode,) = verdict["claims"]["sound"]["failure_modes"]
    assert mode.startswith("Angles open and close freely")
    assert "Add bent geometries" in verdict["next_step"]
    assert not (folder / "run" / "certificate.json").exists()
    capsys.readouterr()


def test_one_that_raises_is_one_error(folder, capsys):
    (folder / "raising.py").write_text(RAISING, encoding="utf-8")
    plugin = folder / "raising.py"
    protocol = folder / "own.toml"
    assert command("judge", folder / "run", "--protocol", protocol, "--plugin", plugin, "-q") == 3
    checks = read_json(folder / "run" / "report.json")["checks"]
    by_status = {check["id"]: check["status"] for check in checks}
    assert by_status == {
        "net_force_torque": "PASS",
        "stability": "PASS",
        "angle_stiffness": "ERROR",
    }
    (broken,) = [check for check in checks if check["id"] == "angle_stiffness"]
    assert "ValueError: no cost" in broken["evidence"]["traceback"]
    capsys.readouterr()


def test_a_comparison_names_it_where_it_got_worse(made, folder, capsys):
    (folder / "failing.py").write_text(FAILING, encoding="utf-8")
    plugin = folder / "failing.py"
    command("judge", folder / "run", "--protocol", folder / "own.toml", "--plugin", plugin, "-q")
    capsys.readouterr()
    assert command("compare", made / "run", folder / "run") == 1
    assert "angle_stiffness" in capsys.readouterr().out


def test_a_run_is_not_judged_by_code_that_only_it_names(folder, capsys):
    assert command("judge", folder / "run", "--no-write", "-q") == 2
    assert "name it with --plugin to run it" in capsys.readouterr().err
    plugin = folder / "own.py"
    assert command("judge", folder / "run", "--no-write", "-q", "--plugin", plugin) == 0
    capsys.readouterr()


def test_a_run_does_not_go_on_with_another_file(folder):
    (folder / "own.py").write_text(OWN + "\n# another\n", encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="was asked for differently"):
        mlff.validate("student:ultra-tiny", **asked(folder, resume=True))


def test_the_package_of_an_installed_check_is_recorded(tmp_path, monkeypatch):
    """Its version decides results, so a run does not go on with another."""
    info = tmp_path / "sizes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sizes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[openmm_mlff.checks]\nangle_stiffness = sizes:CHECK\n")
    (tmp_path / "sizes.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    limits = '[criteria.angle_stiffness]\ncost = {value = 0.02, unit = "eV", source = "ours"}\n'
    protocol = PROTOCOL.replace('"stability"]', '"stability", "angle_stiffness"]') + limits
    (tmp_path / "own.toml").write_text(protocol, encoding="utf-8")

    report = mlff.validate("student:ultra-tiny", **asked(tmp_path, plugins=[]))

    assert report.exit_code == 0
    assert report.environment["versions"]["sizes"] == "1.0"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sizes\nVersion: 2.0\n")
    with pytest.raises(RunDirectoryError, match=r"started with sizes 1\.0, 2\.0 is installed"):
        mlff.validate("student:ultra-tiny", **asked(tmp_path, plugins=[], resume=True))


@pytest.mark.parametrize("wanted", [None, {"water": ["angle_stiffness"]}])
def test_a_plugin_may_be_named_relative_to_the_folder(tmp_path, monkeypatch, wanted):
    """A worker changes to a folder of its own once it has loaded what was asked for."""
    (tmp_path / "own.toml").write_text(PROTOCOL, encoding="utf-8")
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    relative = {name: value for name, value in asked(Path()).items() if name != "systems"}
    request = ValidationRequest(
        potential="student:ultra-tiny", systems=("water",), **relative, sandbox=True
    )

    validation = open_validation(request)
    report = validation.run(on_progress=lambda *_: None, wanted=wanted)

    assert isinstance(validation, IsolatedValidation)
    found = {check.id: check.status for check in report.checks}
    assert found["angle_stiffness"] is Status.PASS
    assert set(found.values()) == {Status.PASS}
    assert len(found) == (3 if wanted is None else 1)
