import pytest

from openmm_mlff.config import GFN1_XTB
from openmm_mlff.potentials import load_potential
from openmm_mlff.students.training import water
from openmm_mlff.students.training.water import QUICK_RECIPE, build_water

pytest.importorskip("tblite")


@pytest.fixture(scope="module")
def folder(quick_run, tmp_path_factory):
    """The folder of a quick run by the script."""
    return quick_run("train_water.py", folder=tmp_path_factory.mktemp("water"))[0]


def test_a_quick_run_writes_frames_rounds_weights_and_card(folder):
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    rounds = {
        f"water/{name}"
        for number in (0, 1)
        for name in (f"round{number}/0000.npz", f"round{number}.json", f"round{number}.safetensors")
    }
    data = {"water/molecules.npz", "water/molecules.json"}
    assert found == rounds | data | {"water.safetensors", "water.md"}
    student = load_potential(str(folder / "water.safetensors"))
    assert (student.name, student.elements, student.teacher) == ("water", {1, 8}, GFN1_XTB)
    card = (folder / "water.md").read_text()
    assert "distilled from GFN1-xTB" in card
    assert "| round1, the student's own dynamics | 2, 8, 0.002, on" in card


def test_a_second_run_reuses_data_and_rounds(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(water, "train_student", None)
    record = build_water(folder / "water", QUICK_RECIPE, tmp_path)
    assert (tmp_path / "water.md").read_text() == (folder / "water.md").read_text()
    assert record.data["training_frames"] == record.training["round1"]["frames"]
    (folder / "water" / "round1.safetensors").unlink()
    with pytest.raises(TypeError):
        build_water(folder / "water", QUICK_RECIPE, tmp_path)
