import subprocess
import sys

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from openmm_mlff.benchmark import runner
from openmm_mlff.benchmark.command import benchmark_command
from openmm_mlff.errors import PotentialError, RunDirectoryError, SimulationError
from openmm_mlff.storage.run_directory import read_json


@pytest.fixture
def app():
    made = typer.Typer()
    made.command()(benchmark_command)
    return made


@pytest.fixture
def asked(monkeypatch, water_benchmark):
    """What the command asks for; the answer is that of a real run."""
    seen = {}
    found, _, _ = water_benchmark

    def answer(specs, systems, *, on_progress, on_system, **options):
        seen.update(options, specs=specs, systems=systems)
        on_progress(0, 2, "starting")
        on_system(found)
        on_progress(2, 2, "water: timing")
        return found

    monkeypatch.setattr(runner, "run_benchmark", answer)
    return seen


def test_files_and_table(app, asked, water_benchmark, tmp_path):
    folder = tmp_path / "out"
    done = CliRunner().invoke(app, ["a.pt", "b.pt", "--output", str(folder)])
    assert done.exit_code == 0, done.output
    assert read_json(folder / "benchmark.json") == water_benchmark[0]
    assert "| water |" in (folder / "benchmark.md").read_text(encoding="utf-8")
    pictures = sorted(path.name for path in folder.glob("*.png"))
    assert pictures == [
        "backends.png",
        "memory.png",
        "replicas.png",
        "speedup.png",
        "time_per_step.png",
    ]
    for name in pictures:
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 300
    assert "water" in done.output
    assert str(folder / "benchmark.json") in done.output


def test_options(app, asked, tmp_path):
    options = ["--system", "ethanol", "-s", "benzene", "--platform", "CPU", "--precision", "double"]
    more = ["--blocks", "7", "--threads", "2", "--reference-model", "b.pt", "--profile"]
    more += ["--platform", "Reference", "--backend", "python", "--backend", "python-compiled"]
    more += ["--peer", "none"]
    done = CliRunner().invoke(app, ["a.pt", *options, *more, "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert asked["specs"] == ("a.pt",)
    assert asked["systems"] == ("ethanol", "benzene")
    assert (asked["platforms"], asked["precision"]) == (("CPU", "Reference"), "double")
    assert (asked["plan"].blocks, asked["plan"].threads) == (7, 2)
    assert asked["plan"].profile
    assert (asked["backends"], asked["peers"]) == (["python", "python-compiled"], ["none"])
    assert asked["reference_model"] == "b.pt"


def test_defaults(app, asked, tmp_path):
    CliRunner().invoke(app, ["--output", str(tmp_path)])
    assert asked["specs"] == ("student:original", "student:tiny", "student:ultra-tiny")
    assert asked["systems"] == ("water", "methane", "alanine")
    assert (asked["platforms"], asked["precision"]) == (("auto",), "mixed")
    assert asked["backends"] is asked["peers"] is None
    assert (asked["plan"].threads, asked["plan"].profile) == (1, False)
    assert asked["reference_model"] is None


def test_threads_can_be_left_to_a_measurement(app, asked, tmp_path):
    CliRunner().invoke(app, ["--threads", "auto", "--output", str(tmp_path)])
    assert asked["plan"].threads is None


def test_a_real_run_through_the_command(app, specs, tmp_path):
    options = ["--system", "water", "--blocks", "1", "--backend", "torchforce"]
    more = ["--peer", "none", "--platform", "Reference", "--output", str(tmp_path)]
    done = CliRunner().invoke(app, [specs[1], *options, *more])
    assert done.exit_code == 0, done.output
    (row,) = read_json(tmp_path / "benchmark.json")["rows"]
    assert (row["potential"], row["system"], row["n_atoms"]) == (specs[1], "water", 3)
    assert (row["backend"], row["platform"], row["replicas"]) == ("torchforce", "Reference", 1)
    for key in ("ms_per_step", "ms_model", "ms_ase", "first_call_s", "peak_rss_mb"):
        assert row[key] > 0.0
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "Step / model alone" in page
    assert "Ratios" in done.output


def test_bad_input_says_one_thing_and_shows_no_bar(tmp_path, capsys):
    with pytest.raises(PotentialError, match="unknown potential 'nonsense'"):
        benchmark_command(["nonsense"], output=tmp_path)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="choose another with --output"):
        benchmark_command(["student:ultra-tiny"], output=tmp_path / "file" / "out")


def test_a_crash_keeps_what_was_written(monkeypatch, water_benchmark, tmp_path):
    def crash(specs, systems, *, on_progress, on_system, **options):
        on_system(water_benchmark[0])
        raise SimulationError("b.pt: atoms are lost")

    monkeypatch.setattr(runner, "run_benchmark", crash)
    with pytest.raises(PotentialError, match=r"b\.pt: atoms are lost; what was measured"):
        benchmark_command(["b.pt"], output=tmp_path)
    assert read_json(tmp_path / "benchmark.json") == water_benchmark[0]


def test_command_line_is_ready_without_torch():
    code = "import sys, openmm_mlff.benchmark.command; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
