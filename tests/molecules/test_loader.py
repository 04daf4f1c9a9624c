import shutil

import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems, systems_root
from openmm_mlff.molecules.files import SUFFIXES

from .conftest import helium


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
