import shutil

import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import known_forms, load_system, load_systems, systems_root
from openmm_mlff.molecules.files import SUFFIXES

HELIUM = "1\n\nHe 0 0 {}\n"


@pytest.fixture
def trajectory(write):
    return write("run.xyz", "".join(HELIUM.format(z) for z in range(4)))


def test_known_forms_are_one_line_with_every_suffix():
    assert "\n" not in known_forms()
    assert all(suffix in known_forms() for suffix in (*SUFFIXES, "smiles:", "@N", "@all"))


def test_library_systems_and_folders_with_their_charge_are_loaded(water, tmp_path):
    [system] = load_systems("Water")
    assert (system.name, system.sha256) == ("water", water.sha256)
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


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("4", "it has no @4; expected @0 to @3"),
        *((one, "does not select a frame; expected @N") for one in ("-1", "x", "", "1:3", "²")),
    ],
)
def test_an_impossible_selection_is_refused(trajectory, selection, said):
    with pytest.raises(MoleculeError, match=said):
        load_systems(f"{trajectory}@{selection}")


def test_an_existing_file_with_an_at_sign_takes_precedence(trajectory, write):
    path = write("run.xyz@2", "")
    with pytest.raises(MoleculeError, match="is not a supported structure format"):
        load_systems(path)
    path.unlink()
    [system] = load_systems(path)
    assert system.positions_angstrom[0, 2] == 2.0


@pytest.mark.parametrize(
    "name", ["missing.pdb@1", "missing.cif", "missing.mol2", "no/such@folder/x.xyz"]
)
def test_missing_files_are_named(name):
    with pytest.raises(MoleculeError, match="no such file"):
        load_systems(name)


def test_a_folder_named_like_a_file_is_refused_and_unsafe_names_are_changed(tmp_path, write):
    (tmp_path / "x.pdb").mkdir()
    with pytest.raises(MoleculeError, match="cannot be read as a system's TOML"):
        load_systems(tmp_path / "x.pdb")
    assert load_system(write("my mol (1).xyz", HELIUM.format(0))).name == "my_mol_1"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_files_are_refused_in_one_line(write, suffix):
    with pytest.raises(MoleculeError, match=rf"empty\{suffix}") as caught:
        load_systems(write(f"empty{suffix}", ""))
    assert "\n" not in str(caught.value)
