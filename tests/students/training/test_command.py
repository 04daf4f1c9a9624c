import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from openmm_mlff.students.checkpoint import read_student_record
from openmm_mlff.students.loading import load_checkpoint
from openmm_mlff.students.training import command
from openmm_mlff.students.training.card import model_card
from openmm_mlff.students.training.command import app
from openmm_mlff.students.training.recipe import SIZES


@pytest.fixture(scope="module")
def quick(repository, tmp_path_factory):
    """One quick run of the script, as a user runs it, from a folder of his own."""
    pytest.importorskip("tblite")
    folder = tmp_path_factory.mktemp("quick")
    script = repository / "scripts" / "train_students.py"
    done = subprocess.run(
        [sys.executable, str(script), "--quick", "ultra-tiny"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return folder, done


def test_a_quick_run_makes_weights_that_load(quick):
    folder, done = quick

    assert done.returncode == 0, done.stderr
    assert "epoch 2 loss" in done.stdout
    student = load_checkpoint(folder / "runs" / "quick" / "ultra-tiny.safetensors")
    assert student.name == "ultra-tiny"
    assert student.n_parameters == pytest.approx(21_000, rel=0.05)


def test_the_card_says_what_the_metadata_say(quick):
    folder, _ = quick
    record = read_student_record(folder / "runs" / "quick" / "ultra-tiny.safetensors")

    card = (folder / "runs" / "quick" / "ultra-tiny.md").read_text(encoding="utf-8")

    assert card == model_card(record)
    assert record.held_out
    for origin, errors in record.held_out.items():
        row = next(line for line in card.splitlines() if line.startswith(f"| {origin} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert int(cells[1]) == errors["frames"]
        assert float(cells[2]) == pytest.approx(errors["force_rmse_ev_per_angstrom"], abs=5e-4)
        assert float(cells[3]) == pytest.approx(errors["energy_mae_mev_per_atom"], abs=5e-3)


def test_a_quick_run_leaves_nothing_elsewhere(quick):
    folder, _ = quick

    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    names = ("frames.npz", "frames.json", "ultra-tiny.safetensors", "ultra-tiny.md")
    assert found == {f"runs/quick/{name}" for name in names}


def test_unknown_students_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["tiny", "orignal"])

    assert result.exit_code == 2
    assert result.stderr == (
        "train_students: unknown student 'orignal'; did you mean 'original'?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_data_of_another_recipe_end_the_run_with_one_line(tmp_path):
    data = tmp_path / "frames.npz"
    data.write_bytes(b"anything")

    result = CliRunner().invoke(app, ["tiny", "--data", str(data), "--output", str(tmp_path)])

    assert result.exit_code == 2
    assert result.stderr.startswith("train_students: ")
    assert result.stderr.count("\n") == 1
    assert "another recipe" in result.stderr


def test_all_students_are_trained_by_default_and_data_alone_on_request(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(command, "load_or_make_frames", lambda *_, **__: [])
    monkeypatch.setattr(command, "_train_one", lambda name, *_, **__: trained.append(name))
    runner = CliRunner()

    data_only = runner.invoke(app, ["--data-only", "--data", str(tmp_path / "x.npz")])
    assert (data_only.exit_code, trained) == (0, [])

    everything = runner.invoke(app, ["--output", str(tmp_path), "--data", str(tmp_path / "x.npz")])
    assert (everything.exit_code, trained) == (0, list(SIZES))
