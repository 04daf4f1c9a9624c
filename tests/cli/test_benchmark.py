"""The command's options, files and messages; a real run is one of the documented commands."""

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from openmm_mlff.benchmark import runner
from openmm_mlff.cli.benchmark import benchmark_command
from openmm_mlff.errors import PotentialError, SimulationError
from openmm_mlff.storage.run_directory import read_json


@pytest.fixture
def benchmark(repository):
    """A committed benchmark."""
    return read_json(repository / "reports/benchmarks/md_performance_results.json")


@pytest.fixture
def invoke(monkeypatch, benchmark, tmp_path):
    """A function that runs the command; gives what it asks for, and what it prints."""

    def run(*arguments):
        seen = {}

        def answer(specs, systems, *, on_progress, on_system, **options):
            seen.update(options, specs=specs, systems=systems)
            on_progress(0, 2, "starting")
            on_system(benchmark)
            on_progress(2, 2, "water: timing")
            return benchmark

        monkeypatch.setattr(runner, "run_benchmark", answer)
        app = typer.Typer()
        app.command()(benchmark_command)
        done = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
        return seen, done.output

    return run


def test_files_and_table(invoke, benchmark, tmp_path):
    folder = tmp_path / "out"
    _, printed = invoke("a.pt", "b.pt")
    assert read_json(folder / "benchmark.json") == benchmark
    page = (folder / "benchmark.md").read_text(encoding="utf-8")
    assert "| water |" in page
    assert "Step / model alone" in page
    pictures = {path.name: path for path in folder.glob("*.png")}
    assert set(pictures) >= {"memory.png", "speedup.png", "time_per_step.png"}
    for path in pictures.values():
        with Image.open(path) as picture:
            assert min(picture.size) > 300
    assert "water" in printed
    assert str(folder / "benchmark.json") in printed


def test_options_and_their_defaults(invoke, monkeypatch):
    monkeypatch.setattr(runner, "write_page", lambda *_, **__: None)
    options = ["--system", "ethanol", "-s", "benzene", "--platform", "CPU", "--precision", "double"]
    options += ["--blocks", "7", "--threads", "2", "--reference-model", "b.pt"]
    options += ["--platform", "Reference", "--backend", "python", "--backend", "python-compiled"]
    asked, _ = invoke("a.pt", *options)
    assert asked["specs"] == ("a.pt",)
    assert asked["systems"] == ("ethanol", "benzene")
    assert (asked["platforms"], asked["precision"]) == (("CPU", "Reference"), "double")
    assert (asked["plan"].blocks, asked["plan"].threads) == (7, 2)
    assert asked["backends"] == ["python", "python-compiled"]
    assert asked["reference_model"] == "b.pt"

    asked, _ = invoke()
    assert asked["specs"] == ("student:original", "student:tiny", "student:ultra-tiny")
    assert asked["systems"] == ("water", "methane", "alanine")
    assert (asked["platforms"], asked["precision"]) == (("auto",), "mixed")
    assert asked["backends"] is asked["reference_model"] is None
    assert asked["plan"].threads == 1


def test_a_crash_keeps_what_was_written(monkeypatch, benchmark, tmp_path):
    def crash(specs, systems, *, on_progress, on_system, **options):
        on_system(benchmark)
        raise SimulationError("b.pt: atoms are lost")

    monkeypatch.setattr(runner, "run_benchmark", crash)
    with pytest.raises(PotentialError, match=r"b\.pt: atoms are lost; what was measured"):
        benchmark_command(["b.pt"], output=tmp_path)
    assert read_json(tmp_path / "benchmark.json") == benchmark
