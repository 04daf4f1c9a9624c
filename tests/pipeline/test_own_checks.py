"""A check of one's own stands everywhere a built-in one does, from the run to the certificate."""

import json
import shutil
from pathlib import Path

import pytest

import openmm_mlff as mlff
from openmm_mlff.cli import main
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.run_directory import read_json

from ..springs import write_torchscript

OWN = Path("examples/own_check.py").read_text(encoding="utf-8")
PROTOCOL = """
extends = "quick"
name = "own"
may_approve = true
required = ["net_force_torque", "stability"]
reported = []
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.05
longest_ps = 0.05
[probes]
sampling_ps = 0.05
thermostats_ps = 0.05
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
def model(tmp_path_factory):
    """The path of a sound potential of water."""
    return write_torchscript(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def made(model, tmp_path_factory):
    """A run with an own check, which approves."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(PROTOCOL, encoding="utf-8")
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    assert mlff.validate(model, **asked(folder)).exit_code == 0
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(made, tmp_path / "copy")
    # What the run recorded is the path of its own plugin.
    return tmp_path / "copy"


@pytest.fixture
def command(capsys):
    """A function that runs the command line; gives its exit code and what it printed."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        return left.value.code, "".join(capsys.readouterr())

    return run


@pytest.fixture
def judge_again(command, folder):
    """A function that judges the copy by another version of the own check."""

    def judge(text):
        plugin = folder / "other.py"
        plugin.write_text(text, encoding="utf-8")
        options = ("--protocol", folder / "own.toml", "--plugin", plugin, "-q")
        code, _ = command("judge", folder / "run", *options)
        return code, read_json(folder / "run" / "report.json")

    return judge


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


def test_it_stands_in_the_certificate_which_verifies(made, model, command):
    certificate = made / "run" / "certificate.json"
    assert "angle_stiffness" in {check["id"] for check in read_json(certificate)["checks"]}
    assert command("verify", certificate, model)[0] == 0


def test_its_failure_is_in_its_own_words_and_in_a_comparison(made, folder, command, judge_again):
    code, report = judge_again(FAILING)
    assert code == 1
    (mode,) = report["verdict"]["claims"]["sound"]["failure_modes"]
    assert mode.startswith("Angles open and close freely")
    assert "Add bent geometries" in report["verdict"]["next_step"]
    assert not (folder / "run" / "certificate.json").exists()
    code, printed = command("compare", made / "run", folder / "run")
    assert (code, "angle_stiffness" in printed) == (1, True)


def test_one_that_raises_is_one_error(judge_again):
    code, report = judge_again(RAISING)
    assert code == 3
    assert {check["id"]: check["status"] for check in report["checks"]} == {
        "net_force_torque": "PASS",
        "stability": "PASS",
        "angle_stiffness": "ERROR",
    }
    (broken,) = [check for check in report["checks"] if check["id"] == "angle_stiffness"]
    assert "ValueError: no cost" in broken["evidence"]["traceback"]


def test_a_run_is_not_judged_by_code_that_only_it_names(folder, command):
    code, printed = command("judge", folder / "run", "--no-write", "-q")
    assert (code, "name it with --plugin to run it" in printed) == (2, True)
    own = ("--plugin", folder / "own.py")
    assert command("judge", folder / "run", "--no-write", "-q", *own)[0] == 0


def test_a_run_is_not_resumed_with_another_file(folder, model):
    (folder / "own.py").write_text(OWN + "\n# another\n", encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="a run with other settings"):
        mlff.validate(model, **asked(folder, resume=True))


def test_the_package_of_an_installed_check_is_recorded(model, tmp_path, monkeypatch):
    """Its version decides results, so a run is not resumed with another."""
    info = tmp_path / "sizes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sizes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[openmm_mlff.checks]\nangle_stiffness = sizes:CHECK\n")
    (tmp_path / "sizes.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    limits = '[criteria.angle_stiffness]\ncost = {value = 0.02, unit = "eV", source = "ours"}\n'
    protocol = PROTOCOL.replace('"net_force_torque", "stability"', '"angle_stiffness"') + limits
    (tmp_path / "own.toml").write_text(protocol, encoding="utf-8")

    report = mlff.validate(model, **asked(tmp_path, plugins=[]))

    assert report.exit_code == 0
    assert report.environment["versions"]["sizes"] == "1.0"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sizes\nVersion: 2.0\n")
    with pytest.raises(RunDirectoryError, match=r"started with sizes 1\.0, but 2\.0 is installed"):
        mlff.validate(model, **asked(tmp_path, plugins=[], resume=True))
