import pytest

from openmm_mlff.molecules import load_system


@pytest.fixture
def write(tmp_path):
    def to_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def water():
    return load_system("water")


@pytest.fixture
def dipeptide():
    return load_system("alanine_dipeptide")
