"""Whatever a potential consists of changes its fingerprint; names and places do not."""

import shutil
import sys

import pytest
import torch

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.parameters import parameters_sha256
from openmm_mlff.storage import fingerprint as fingerprints
from openmm_mlff.storage.fingerprint import (
    Fingerprint,
    Sources,
    files_named,
    fingerprint,
    hash_path,
    own_sources,
)
from openmm_mlff.students.shipped import shipped_path

CALCULATOR = """
from pathlib import Path
from ase.calculators.calculator import Calculator, all_changes
from {base} import STIFFNESS

class FromFile(Calculator):
    implemented_properties = ["energy", "forces"]

    def __init__(self, path):
        super().__init__()
        here = Path(__file__).parent / path
        self.stiffness = STIFFNESS * float((here if here.exists() else Path(path)).read_text())
"""


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    """Write a user's module, whose base module is the user's own, too; give its folder."""
    folder = tmp_path / "code"
    folder.mkdir()
    name = f"own_{abs(hash(request.node.name))}"
    (folder / f"{name}.py").write_text(CALCULATOR.format(base=f"{name}_base"), encoding="utf-8")
    (folder / f"{name}_base.py").write_text("STIFFNESS = 1.0\n", encoding="utf-8")
    (folder / "beside.txt").write_text("1.0", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    yield folder, name
    for one in (name, f"{name}_base"):
        sys.modules.pop(one, None)


def of(spec):
    return load_potential(spec).fingerprint


def test_a_file_counts_by_its_content_and_not_by_its_name(tmp_path):
    path = tmp_path / "copy.safetensors"
    shutil.copy(shipped_path("ultra-tiny"), path)
    shipped, copy = of("student:ultra-tiny"), of(str(path))
    assert shipped.sha256 == copy.sha256
    assert copy.difference(shipped) == ""
    assert set(copy.files) == {str(path)}
    assert set(copy.packages) == {"torch"}
    shutil.copy(shipped_path("tiny"), path)
    assert f"the file {path}" in of(str(path)).difference(copy)


@pytest.mark.parametrize("place", ["here.txt", "code/beside.txt", "beside.txt"])
def test_a_file_that_an_option_names_is_hashed_wherever_it_lies(module, tmp_path, place):
    folder, name = module
    (tmp_path / "here.txt").write_text("1.0")
    spec = f"ase:{name}:FromFile?path={place}"
    before = of(spec)
    assert set(before.files) == {place, f"{name}.py", f"{name}_base.py"}
    path = folder / place if place == "beside.txt" else tmp_path / place
    path.write_text("2.0")
    assert f"the file {place} " in of(spec).difference(before)


def test_an_absolute_path_is_the_same_potential(module):
    folder, name = module
    relative = of(f"ase:{name}:FromFile?path=beside.txt")
    absolute = of(f"ase:{name}:FromFile?path={folder / 'beside.txt'}")
    assert relative.sha256 == absolute.sha256


def test_the_modules_of_the_user_are_hashed_and_those_of_packages_go_by_version(module):
    folder, name = module
    spec = f"ase:{name}:FromFile?path=beside.txt"
    before = of(spec)
    (folder / f"{name}_base.py").write_text("STIFFNESS = 2.0\n")
    assert f"{name}_base.py" in of(spec).difference(before)
    emt = of("ase:ase.calculators.emt:EMT")
    assert (emt.files, set(emt.packages)) == ({}, {"ase"})
    assert emt.parameters
    assert own_sources("numpy") == own_sources("json") == own_sources("absent") == {}
    # A folder with packages that a path file adds, as one virtual environment adds another.
    (folder / "installed-1.0.dist-info").mkdir()
    fingerprints._installed_folders.cache_clear()
    assert own_sources(name) == own_sources(f"{name}_base") == {}


def test_options_of_a_calculator_are_its_identity():
    lj = "ase:ase.calculators.lj:LennardJones?epsilon="
    assert of(f"{lj}1.0").sha256 != of(f"{lj}2.0").sha256
    assert (
        of(f"{lj}1.0&sigma=2").sha256
        == of("ase:ase.calculators.lj:LennardJones?sigma=2&epsilon=1.0").sha256
    )


def test_the_version_of_a_package_is_named(monkeypatch):
    before = of("ase:ase.calculators.emt:EMT")
    monkeypatch.setattr(fingerprints.importlib.metadata, "version", lambda name: "0.0")
    now = of("ase:ase.calculators.emt:EMT")
    assert now.content_sha256 == before.content_sha256
    assert now.sha256 != before.sha256
    assert "the package ase (version 0.0, was 3" in now.difference(before)


def test_a_folder_is_hashed_whole(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "weights.bin").write_bytes(b"1")
    before = hash_path(folder)
    assert before == hash_path(shutil.copytree(folder, tmp_path / "copy"))
    (folder / "deep" / "weights.bin").rename(folder / "weights.bin")
    assert hash_path(folder) != before
    monkeypatch.setattr(fingerprints, "MOST_FILES", 0)
    with pytest.raises(PotentialError, match="more than 0 files"):
        hash_path(folder)


def test_what_a_calculator_writes_to_and_the_working_folder_are_no_part(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "k.txt").write_text("1")
    options = {"directory": "out", "a": ".", "b": str(tmp_path.parent), "c": 3, "d": "x" * 5000}
    assert files_named(options) == {}
    assert set(files_named({"many": ["k.txt", "absent", 1], "e": "out"})) == {"k.txt", "out"}


def test_weights_that_a_calculator_holds_are_its_parameters():
    class Holder:
        def __init__(self, bias):
            torch.manual_seed(1)
            self.models = [torch.nn.Linear(2, 1)]
            torch.nn.init.constant_(self.models[0].bias, bias)

    assert parameters_sha256(Holder(0.0)) == parameters_sha256(Holder(0.0))
    assert parameters_sha256(Holder(0.0)) != parameters_sha256(Holder(1.0))
    assert parameters_sha256(object()) is None


def test_parameters_and_details_are_told(tmp_path):
    one = Fingerprint(spec="s", parameters="a" * 64)
    assert "its parameters" in one.difference(Fingerprint(spec="s"))
    assert "definition" in fingerprint("s", Sources(details={"a": 1})).difference(
        Fingerprint(spec="s")
    )
