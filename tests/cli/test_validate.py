"""`openmm-mlff validate`: conditions as options, and runs that cannot be resumed."""

import json
import shutil
import sys

import pytest

from openmm_mlff.cli import main
from openmm_mlff.students.loading import shipped_path

PROTOCOL = """
extends = "quick"
name = "tiny"
reported = []
required = ["determinism", "stability"]
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.02
longest_ps = 0.02
[probes]
repeats = 2
geometries = 2
thermal_frames = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""
SPRINGS = """
import numpy as np
from pathlib import Path
from ase.calculators.calculator import Calculator, all_changes


class Springs(Calculator):
    implemented_properties = ["energy", "forces"]

    def __init__(self, path):
        super().__init__()
        self.stiffness = float(Path(path).read_text())

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        apart = self.atoms.positions[:, None] - self.atoms.positions
        lengths = np.linalg.norm(apart + np.eye(len(apart))[..., None], axis=-1)
        pull = self.stiffness * (lengths - 1.0) * (1 - np.eye(len(apart)))
        self.results["energy"] = 0.25 * self.stiffness * float((
            (lengths - 1.0) ** 2 * (1 - np.eye(len(apart)))).sum())
        self.results["forces"] = -(pull[..., None] * apart / lengths[..., None]).sum(axis=1)
"""


@pytest.fixture
def validate(tmp_path, monkeypatch, capsys):
    """Validate on water by a protocol that takes a second or two."""
    (tmp_path / "tiny.toml").write_text(PROTOCOL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(potential, *options):
        fixed = ("--system", "water", "--protocol", "tiny.toml", "--reference", "none")
        where = ("--platform", "Reference", "--no-sandbox")
        with pytest.raises(SystemExit) as stopped:
            main(["validate", potential, *fixed, *where, *options])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


def test_conditions_stand_in_terminal_report_and_repeat_command(validate, tmp_path):
    conditions = ("--temperature", "400", "--timestep", "0.25", "--duration", "0.03")
    code, out, _ = validate("student:ultra-tiny", "--output", "out", *conditions)
    assert code in (1, 3)
    assert "400 K" in out
    report = json.loads((tmp_path / "out/report.json").read_text())
    scope = report["verdict"]["scope"]
    assert scope["temperatures_kelvin"] == [400.0]
    (measured,) = scope["measured_temperatures"]
    # The run and two short ones.
    assert (measured["system"], measured["asked_kelvin"]) == ("water", 400.0)
    # One run, and two of the ensemble in each of its rounds.
    assert measured["runs"] in {3, 5, 7, 9}
    assert measured["mean_kelvin"] > 0.0
    assert measured["interval_kelvin"] > 0.0
    assert scope["max_timestep_fs"] == 0.25
    assert scope["duration_ps"] == pytest.approx(0.03)
    assert report["protocol"]["name"] == "tiny at 400 K, 0.25 fs, 0.03 ps"
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "--temperature 400 --timestep 0.25" in page


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--temperature", "-5"),
        ("--temperature", "warm"),
        ("--temperature", "nan"),
        ("--timestep", "0"),
        ("--duration", "1e9"),
        ("--precision", "half"),
        ("--parameter", "lambda"),
    ],
)
def test_a_bad_value_is_one_line(validate, option, value):
    code, out, err = validate("student:ultra-tiny", option, value)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert option in err


def resumed(validate, potential):
    """Run, then try to resume what has changed meanwhile, by the words of the refusal."""
    code, out, err = validate(potential, "--output", "out", "--resume")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "choose another --output" in err
    return err


def test_a_changed_weight_file_is_not_resumed(validate, tmp_path):
    path = tmp_path / "best_model.safetensors"
    shutil.copy(shipped_path("ultra-tiny"), path)
    assert validate(path.name, "--output", "out")[0] in (1, 3)
    shutil.copy(shipped_path("tiny"), path)
    assert "the file best_model.safetensors" in resumed(validate, path.name)


def test_a_changed_file_of_a_calculator_is_not_resumed(validate, tmp_path, monkeypatch):
    (tmp_path / "own_springs.py").write_text(SPRINGS, encoding="utf-8")
    (tmp_path / "k.txt").write_text("20.0")
    monkeypatch.syspath_prepend(tmp_path)
    spec = "ase:own_springs:Springs?path=k.txt"
    assert validate(spec, "--output", "out")[0] in (1, 3)
    (tmp_path / "k.txt").write_text("30.0")
    assert "the file k.txt" in resumed(validate, spec)
    (tmp_path / "k.txt").write_text("20.0")
    (tmp_path / "own_springs.py").write_text(f"{SPRINGS}\n# other\n", encoding="utf-8")
    assert "the file own_springs.py" in resumed(validate, spec)
    sys.modules.pop("own_springs", None)


def test_a_run_of_the_first_version_is_not_resumed(validate, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/run.json").write_text('{"schema_version": 1}')
    assert "is of schema version 1, expected 2" in resumed(validate, "student:ultra-tiny")
