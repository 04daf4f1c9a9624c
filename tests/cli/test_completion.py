import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.cli import completion
from openmm_mlff.config import list_protocols
from openmm_mlff.molecules import list_systems
from openmm_mlff.students.shipped import shipped_students


def test_files_are_completed_where_the_path_leads(tmp_path, monkeypatch):
    for name in ("best.pt", "mine.pdb", "own.toml", "notes.txt", ".hidden.pt"):
        (tmp_path / name).touch()
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert completion.complete_potential("be") == ["best.pt"]
    assert completion.complete_potential("mo") == ["models/"]
    assert completion.complete_potential(f"{tmp_path}/b") == [f"{tmp_path}/best.pt"]
    assert completion.complete_system("mi") == ["mine.pdb"]
    assert completion.complete_protocol("o") == ["own.toml"]
    assert completion.complete_potential("absent/x") == []


def test_names_of_the_package_are_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    students = [f"student:{name}" for name in shipped_students()]
    assert completion.complete_potential("student:") == students
    assert completion.complete_system("") == [*list_systems(), "smiles:"]
    assert completion.complete_protocol("") == list_protocols()
    energies = [spec.id for spec in CHECKS if spec.id.startswith("energy_")]
    assert completion.complete_check("energy_") == energies
    assert completion.complete_platform("c") == ["CUDA", "CPU"]
    assert completion.complete_precision("m") == ["mixed"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("openmm-mlff validate student:t", "tiny"),
        # As bash breaks it.
        ("openmm-mlff validate student : t", "tiny"),
        ("openmm-mlff checks energy_d", "energy_drift"),
        ("openmm-mlff validate x --protocol ext", "extended"),
    ],
)
def test_bash_is_answered(command, monkeypatch, typed, expected):
    monkeypatch.setenv("_OPENMM_MLFF_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert command().out.strip().endswith(expected)
