"""Systems by library name, file, folder or frame, and the names that they are given."""

import shutil

import ase.io
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems, systems_root
from openmm_mlff.molecules.files import SUFFIXES, read_structures
from openmm_mlff.molecules.names import numbered_names, safe_name

from .conftest import helium


def test_library_names_precede_files_and_are_forgiving(write, water, monkeypatch):
    monkeypatch.chdir(write("water", "rubbish").parent)
    write("mine.xyz", helium(1))
    for spelling in ("water", "Water"):
        assert load_system(spelling).sha256 == water.sha256
    assert load_system("ALANINE-dipeptide").name == "alanine_dipeptide"
    for spelling in ("mine.xyz", "./mine.xyz"):
        assert load_system(spelling).formula == "He"


def test_folders_of_the_user_are_loaded_with_their_charge(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(systems_root() / "water", folder)
    [system] = load_systems(folder)
    assert system.formula == "H2O"
    assert load_systems(folder, charge=2)[0].charge == 2


def test_one_of_several_molecules_must_be_chosen(write):
    record = (
        "{}\n\n\n  1  0  0  0  0  0            999 V2000\n"
        "    0.0       0.0       0.0    He  0  0\nM  END\n$$$$\n"
    )
    path = write("two.sdf", record.format("a") + record.format("b"))
    assert [system.name for system in load_systems(path)] == ["a", "b"]
    assert load_system(f"{path}@1").name == "b"
    with pytest.raises(
        MoleculeError, match=r"two\.sdf holds 2 molecules.*two\.sdf@N, N from 0 to 1"
    ):
        load_system(path)
    with pytest.raises(MoleculeError, match=r"two\.sdf@N, N from 0 to 1"):
        load_system(f"{path}@all")


def test_an_existing_file_with_an_at_sign_takes_precedence(write):
    write("run.xyz", helium(4))
    path = write("run.xyz@2", "")
    with pytest.raises(MoleculeError, match="is not a supported structure format"):
        load_systems(path)
    path.unlink()
    [system] = load_systems(path)
    assert system.positions_angstrom[0, 2] == 2.0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_files_are_refused_in_one_line(write, suffix):
    with pytest.raises(MoleculeError, match=rf"empty\{suffix}") as caught:
        load_systems(write(f"empty{suffix}", ""))
    assert "\n" not in str(caught.value)


def test_other_encodings_in_remarks_are_read_and_frames_selected(write, tmp_path, water):
    path = tmp_path / "w.pdb"
    ase.io.write(path, water.to_ase(), format="proteindatabank")
    path.write_bytes("REMARK  Müller\n".encode("latin-1") + path.read_bytes())
    assert load_system(path).formula == "H2O"
    path = write("run.xyz", helium(5))
    heights = [s.positions_angstrom[0, 2] for s in read_structures(path, first=1, count=2)]
    assert heights == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "name"),
    [("CC(=O)O water", "CC_O_O_water"), ("../..", "x"), ("", "x"), (".hidden", "hidden")],
)
def test_characters_that_are_invalid_in_folder_names_are_replaced(text, name):
    assert safe_name(text, otherwise="x") == name


@given(st.text())
def test_a_safe_name_is_safe(text):
    name = safe_name(text, otherwise="molecule")
    assert name.isascii()
    assert name
    assert len(name) <= 40
    assert all(c.isalnum() or c in "._-" for c in name)
    assert not name.startswith(".")
    assert safe_name(name, otherwise="x") == name


@given(st.lists(st.sampled_from(["a", "A", "a-1", "a-2", "a-1-1", "b"]), max_size=8))
def test_numbered_names_all_differ(names):
    numbered = numbered_names(names)
    assert len({name.casefold() for name in numbered}) == len(names)
    assert all(new.startswith(old) for old, new in zip(names, numbered, strict=True))
