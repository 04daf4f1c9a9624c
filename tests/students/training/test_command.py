import pytest
from typer.testing import CliRunner

from openmm_mlff.students.checkpoint import read_student_record
from openmm_mlff.students.loading import load_checkpoint
from openmm_mlff.students.training import command
from openmm_mlff.students.training.card import model_card
from openmm_mlff.students.training.command import app
from openmm_mlff.students.training.recipe import SIZES


def test_a_quick_run_writes_weights_and_card_and_nothing_else(quick_run, tmp_path):
    pytest.importorskip("tblite")
    folder, done = quick_run("train_students.py", "ultra-tiny", folder=tmp_path)
    assert "epoch 2 loss" in done.stdout
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    names = ("frames.npz", "frames.json", "ultra-tiny.safetensors", "ultra-tiny.md")
    assert found == {f"runs/quick/{name}" for name in names}
    weights = folder / "ultra-tiny.safetensors"
    student = load_checkpoint(weights)
    assert student.name == "ultra-tiny"
    assert student.n_parameters == pytest.approx(21_000, rel=0.05)
    record = read_student_record(weights)
    assert record.held_out
    assert weights.with_suffix(".md").read_text(encoding="utf-8") == model_card(record)


def test_unknown_students_and_data_of_another_recipe_end_the_run_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    unknown = CliRunner().invoke(app, ["tiny", "orignal"])
    assert list(tmp_path.iterdir()) == []
    data = tmp_path / "frames.npz"
    data.write_bytes(b"anything")
    other = CliRunner().invoke(app, ["tiny", "--data", str(data), "--output", str(tmp_path)])
    for result, said in ((unknown, "did you mean 'original'"), (other, "another recipe")):
        assert result.exit_code == 2
        assert result.stderr.startswith("train_students: ")
        assert result.stderr.count("\n") == 1
        assert said in result.stderr


@pytest.mark.parametrize(("options", "names"), [(["--data-only"], []), ([], list(SIZES))])
def test_all_students_are_trained_by_default_and_data_alone_on_request(
    tmp_path, monkeypatch, options, names
):
    trained = []
    monkeypatch.setattr(command, "load_or_make_frames", lambda *_, **__: [])
    monkeypatch.setattr(command, "_train_one", lambda name, *_, **__: trained.append(name))
    given = ["--output", str(tmp_path), "--data", str(tmp_path / "x.npz")]
    done = CliRunner().invoke(app, [*options, *given])
    assert (done.exit_code, trained) == (0, names)
