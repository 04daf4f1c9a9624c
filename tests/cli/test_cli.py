"""One validation by the command line, what further commands make of it, and the help."""

import json

import pytest
import torch

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
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""
GFN2 = "ase:tblite.ase:TBLite?method=GFN2-xTB"
CONDITIONS = ("--temperature", "400", "--timestep", "0.25", "--duration", "0.03")


def test_validate_judge_and_compare(command, tmp_path):
    (tmp_path / "tiny.toml").write_text(PROTOCOL, encoding="utf-8")
    options = ("--system", "water", "--protocol", tmp_path / "tiny.toml", "--reference", "none")
    options += ("--platform", "Reference", "--no-sandbox", "--output", tmp_path / "out")
    outcome = command("validate", "student:ultra-tiny", *options, *CONDITIONS)
    assert outcome.code == 3, outcome.err
    assert "INCONCLUSIVE" in outcome.out
    assert "400 K" in outcome.out
    assert "report.html" in outcome.out.replace("\n", "")
    report = json.loads((tmp_path / "out/report.json").read_text())
    scope = report["verdict"]["scope"]
    assert scope["temperatures_kelvin"] == [400.0]
    (measured,) = scope["measured_temperatures"]
    assert (measured["system"], measured["asked_kelvin"]) == ("water", 400.0)
    # One run, and two of the ensemble in each of its rounds.
    assert measured["runs"] in {3, 5, 7, 9}
    assert min(measured["mean_kelvin"], measured["interval_kelvin"]) > 0.0
    assert (scope["max_timestep_fs"], scope["duration_ps"]) == (0.25, pytest.approx(0.03))
    assert report["protocol"]["name"] == "tiny at 400 K, 0.25 fs, 0.03 ps"
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "--temperature 400 --timestep 0.25" in page

    assert command("judge", tmp_path / "out").code == 3
    compared = command("compare", tmp_path / "out", tmp_path / "out/report.json")
    assert compared.code == 0
    assert "still INCONCLUSIVE" in " ".join(compared.out.split())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_platform_says_how_to_get_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = command("validate", GFN2, "--platform", "CUDA")
    assert outcome.code == 2
    assert "NVIDIA driver" in outcome.err


def test_without_arguments_it_says_where_to_start(command):
    outcome = command()
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) <= 12
    for step in ("doctor", "validate student:tiny", "--help", "--install-completion"):
        assert f"openmm-mlff {step}" in outcome.out


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("validate --no-such-option", "openmm-mlff validate --help"),
        ("no-such-command", "openmm-mlff --help"),
        ("judge", "openmm-mlff judge --help"),
    ],
)
def test_wrong_usage_names_the_help(command, line, where):
    outcome = command(*line.split())
    assert (outcome.code, where in outcome.err) == (2, True)


@pytest.mark.parametrize("name", ["validate", "judge", "compare", "verify", "doctor", "checks"])
def test_help_hides_what_is_for_readers_of_the_code(command, name):
    outcome = command(name, "--help")
    assert outcome.code == 0
    assert len(outcome.out.split()) > 20
    assert "Returns:" not in outcome.out


def test_debug_shows_the_traceback(command):
    assert "Traceback" in command("validate", "something", "--debug").err


def test_export_writes_what_the_model_computes(command, tmp_path, seed_students):
    target = tmp_path / "out.pt"
    arguments = ("export", seed_students / "ultra_tiny.pt", target)
    outcome = command(*arguments, "--system", "water")
    assert outcome.code == 0, outcome.err
    module = torch.jit.load(str(target))
    assert module(torch.rand(3, 3, dtype=torch.float64)).ndim == 0
    refused = command(*arguments)
    assert (refused.code, "--force" in refused.err) == (2, True)
