"""Exit codes, one clear line for each mistake, and help that teaches."""

import json
import pickle
from pathlib import Path

import pytest
import torch

PROTOCOL = """
extends = "quick"
name = "short"
[dynamics]
equilibration_ps = 0.01
duration_ps = 0.05
longest_ps = 0.05
frame_interval_steps = 10
[probes]
geometries = 2
repeats = 2
parity_steps = 2
reference_frames = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""
WATER = "3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of things that are wrong, each in one way."""
    (tmp_path / "short.toml").write_text(PROTOCOL)
    (tmp_path / "text.pt").write_text("not a checkpoint")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps({"model": Path}))
    torch.save(torch.nn.Linear(1, 1), tmp_path / "object.pt")
    torch.save({"some.weight": torch.zeros(2)}, tmp_path / "other.pt")
    (tmp_path / "garbage.xyz").write_text("this is\nno structure\n")
    (tmp_path / "clash.xyz").write_text(WATER.replace("H -0.24 0.93 0", "H 0.96 0 0"))
    (tmp_path / "nan.xyz").write_text(WATER.replace("0.93", "nan"))
    (tmp_path / "wrong.toml").write_text('extends = "quick"\n[dynamics]\nduration = 3\n')
    (tmp_path / "file").write_text("")
    return tmp_path


GFN2 = "ase:tblite.ase:TBLite?method=GFN2-xTB"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["absent.pt"], "no checkpoint at"),
        (["text.pt"], "expected"),
        (["empty.pt"], "expected"),
        (["pickle.pt"], "is not a checkpoint"),
        (["object.pt"], "was not unpickled"),
        (["other.pt"], "unknown architecture"),
        (["student:orignal"], "did you mean 'original'"),
        (["something"], "unknown potential 'something'; expected"),
        (["ase:tblite.ase"], "cannot read 'ase:tblite.ase'; expected"),
        (["ase:no_such_module:X"], "pip install no_such_module"),
        ([GFN2, "--system", "watr"], "water"),
        ([GFN2, "--system", "garbage.xyz"], "garbage.xyz"),
        ([GFN2, "--system", "clash.xyz"], "clash"),
        ([GFN2, "--system", "nan.xyz"], "nan"),
        ([GFN2, "--system", "absent.xyz"], "absent.xyz"),
        ([GFN2, "--protocol", "quik"], "did you mean 'quick'"),
        ([GFN2, "--protocol", "wrong.toml"], "did you mean 'duration_ps'"),
        ([GFN2, "--platform", "cuda5"], "unknown platform 'cuda5'"),
        ([GFN2, "--precision", "half"], "--precision half: expected"),
        ([GFN2, "--output", "file/out"], "choose another with --output"),
        ([GFN2, "--no-such-option"], "--no-such-option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_line_and_exit_code_2(command, folder, monkeypatch, arguments, expected):
    monkeypatch.chdir(folder)
    outcome = command("validate", *arguments)
    assert outcome.code == 2
    lines = outcome.err.strip().splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("openmm-mlff: ")
    assert expected in lines[0]
    assert not (folder / "runs").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_platform_says_how_to_get_it(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    outcome = command("validate", GFN2, "--platform", "CUDA")
    assert outcome.code == 2
    assert "NVIDIA driver" in outcome.err


def test_validate_judges_and_says_where_the_report_lies(command, folder):
    options = ["--protocol", folder / "short.toml", "--system", "water", "--platform", "Reference"]
    outcome = command("validate", "student:tiny", *options, "--output", folder / "out")
    assert outcome.code == 3, outcome.err
    assert "INCONCLUSIVE" in outcome.out
    assert "report.html" in outcome.out.replace("\n", "")
    report = json.loads((folder / "out/report.json").read_text())
    assert report["verdict"]["status"] == "INCONCLUSIVE"

    again = command("judge", folder / "out")
    assert again.code == 3
    compared = command("compare", folder / "out", folder / "out/report.json")
    assert compared.code == 0
    assert "still INCONCLUSIVE" in " ".join(compared.out.split())


def test_commands_on_runs_refuse_what_is_none(command, folder):
    assert "is not a run directory" in command("judge", folder).err
    assert "expected two or more" in command("compare", folder).err
    assert "cannot read" in command("compare", folder, folder).err
    (folder / "report.json").write_text("{}")
    outcome = command("compare", folder, folder)
    assert (outcome.code, "is not a report of schema version 2" in outcome.err) == (2, True)


def test_nothing_asked_says_where_to_start(command):
    outcome = command()
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) <= 12
    for step in ("doctor", "validate student:tiny", "--help", "--install-completion"):
        assert f"openmm-mlff {step}" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["validate", "--no-such-option"], "openmm-mlff validate --help"),
        (["no-such-command"], "openmm-mlff --help"),
        (["judge"], "openmm-mlff judge --help"),
    ],
)
def test_wrong_usage_says_where_the_right_one_is(command, arguments, where):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert where in outcome.err


@pytest.mark.parametrize("name", ["validate", "judge", "compare", "verify", "doctor", "checks"])
def test_help_explains_and_hides_what_is_for_readers_of_the_code(command, name):
    outcome = command(name, "--help")
    assert outcome.code == 0
    assert len(outcome.out.split()) > 20
    assert "Returns:" not in outcome.out


def test_systems_lists_the_library(command):
    outcome = command("systems")
    assert outcome.code == 0
    assert all(name in outcome.out for name in ("water", "alanine", "benzene"))


def test_checks_lists_every_check_with_its_threshold(command):
    from openmm_mlff.checks.registry import CHECKS

    outcome = command("checks")
    text = "".join(outcome.out.split())
    assert outcome.code == 0
    assert "meV/atom/ps" in text
    assert len(CHECKS) >= 14


def test_debug_shows_the_traceback(command):
    assert "Traceback" in command("validate", "something", "--debug").err


def test_export_writes_what_the_model_computes(command, folder, seed_students):
    target = folder / "out.pt"
    outcome = command("export", seed_students / "ultra_tiny.pt", target, "--system", "water")
    assert outcome.code == 0, outcome.err
    module = torch.jit.load(str(target))
    assert module(torch.rand(3, 3, dtype=torch.float64)).ndim == 0
    refused = command("export", seed_students / "ultra_tiny.pt", target)
    assert (refused.code, "--force" in refused.err) == (2, True)


def test_export_refuses_what_is_no_student(command, folder):
    outcome = command("export", GFN2, folder / "x.pt")
    assert (outcome.code, "cannot export" in outcome.err) == (2, True)
