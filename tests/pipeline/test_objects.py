"""Objects in `validate`: what the request names instead, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as built
from ase.calculators.lj import LennardJones
from ase.calculators.morse import MorsePotential
from openmm import app

import openmm_mlff as mlff
from openmm_mlff.errors import ConfigError, MoleculeError, PotentialError, RunDirectoryError
from openmm_mlff.molecules import load_system, systems_root
from openmm_mlff.options import OBJECT_PREFIX
from openmm_mlff.pipeline.objects import named
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.request import request_from
from openmm_mlff.results import Status

LENNARD_JONES = "ase:ase.calculators.lj:LennardJones"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(**given):
    with named({"potential": "student:tiny", **given}) as settings:
        return settings


def heavier():
    calculator = MorsePotential(epsilon=2.0)
    calculator.note = "not an option"
    return calculator


def test_one_system_is_as_good_as_several():
    for given in ("water", ["water"], ("water",), Path("water")):
        request = request_from(settings_of(systems=given, output="out"))
        assert request.systems == ("water",)
    assert request_from({"potential": "a.pt", "systems": "water", "names": "w"}).names == ("w",)
    assert request_from({"potential": "a.pt", "plugins": "own.py"}).plugins == ("own.py",)
    assert not list(Path().iterdir())


def test_systems_are_files_of_the_output_under_readable_names():
    atoms = built("CH3OH")
    longer = atoms.copy()
    longer.set_distance(0, 1, 1.5)
    given = [atoms, "methane", longer]
    systems = settings_of(systems=given, output="out")["systems"]
    assert [Path(path).name for path in systems] == ["CH4O-1.extxyz", "methane", "CH4O-2.extxyz"]
    assert all(Path(path).is_relative_to("out/inputs") for path in (systems[0], systems[2]))
    assert load_system(systems[0]).sha256 == load_system(atoms).sha256
    assert settings_of(systems=given, output="out")["systems"] == systems
    assert Path(settings_of(systems=atoms)["systems"][0]).is_relative_to("runs/inputs")


def test_a_topology_with_positions_is_one_system():
    file = app.PDBFile(str(systems_root() / "ethanol_in_water" / "structure.pdb"))
    pair = (file.topology, file.positions)
    assert settings_of(systems=pair) == settings_of(systems=[pair])
    [path] = settings_of(systems=pair)["systems"]
    assert load_system(path).n_atoms == 741


def test_a_calculator_is_potential_and_reference():
    found = settings_of(
        potential=LennardJones(sigma=2.0),
        reference=heavier(),
        own_calculator=LennardJones(sigma=3.0),
    )
    assert found["potential"].startswith(f"{LENNARD_JONES}?sigma=2.0")
    assert found["own_calculator"].startswith(f"{LENNARD_JONES}?sigma=3.0")
    assert found["reference"].startswith(OBJECT_PREFIX)
    assert found["sandbox"] is False
    assert settings_of(potential=Path("a.pt"))["potential"] == "a.pt"
    assert "sandbox" not in settings_of(potential=LennardJones(), reference=None)


def test_what_is_refused_leaves_nothing(folder):
    (folder / "out").mkdir()
    with pytest.raises(MoleculeError, match="unknown system"):
        mlff.validate("student:tiny", systems=[built("H2O"), "watr"], output="out/new/run")
    with pytest.raises(PotentialError, match="student:tiny does not support Ar"):
        mlff.validate("student:tiny", systems=Atoms("Ar"))
    assert [path.name for path in folder.rglob("*")] == ["out"]


def test_a_folder_that_cannot_be_written_is_one_line(folder):
    (folder / "out").write_text("a file")
    with pytest.raises(RunDirectoryError, match="cannot write to out/inputs"):
        mlff.validate("student:tiny", systems=built("H2O"), output="out")


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"systems": ["water", 3]}, MoleculeError, r"systems\[1\]: an object of type int \(3\)"),
        ({"systems": None}, MoleculeError, r"systems: .*NoneType.*expected a library name"),
        ({"potential": 3.0}, PotentialError, r"potential is an object of type float \(3\.0\)"),
        ({"potential": None}, PotentialError, "expected a spec string"),
        ({"potential": LennardJones}, PotentialError, "potential is the class LennardJones"),
        ({"reference": [built("H2O")]}, PotentialError, "reference is an object of type list"),
        ({"potential": heavier(), "sandbox": True}, ConfigError, "leave out sandbox"),
    ],
)
def test_a_wrong_type_says_what_was_expected(given, error, said):
    with pytest.raises(error, match=said) as caught:
        mlff.validate(**{"potential": "student:tiny", "systems": "water", **given})
    assert "\n" not in str(caught.value)


def test_a_loaded_potential_is_named_by_its_spec():
    with pytest.raises(PotentialError, match="give its spec 'student:tiny'"):
        mlff.validate(mlff.load_potential("student:tiny"), systems="water")


def test_a_request_of_objects_is_resumed_as_the_same(folder):
    given = {
        "potential": heavier(),
        "systems": [built("H2O")],
        "reference": LennardJones(),
        "protocol": "quick",
        "platform": "Reference",
        "output": folder / "out",
    }
    plans = []
    for _ in range(2):
        with named(given) as settings:
            plans.append(prepare(request_from(settings)))
        plans[-1].lock.release()
    assert plans[0].fingerprints == plans[1].fingerprints
    assert plans[0].spec == plans[1].spec
    np.testing.assert_allclose(
        plans[0].molecules["H2O"].positions_angstrom, built("H2O").positions, atol=1e-7
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "spec", "sandbox"),
    [
        (heavier, "object:MorsePotential-", None),
        (MorsePotential, "ase:ase.calculators.morse:MorsePotential", True),
    ],
)
def test_objects_are_validated(make, spec, sandbox, brief_protocol):
    report = mlff.validate(
        make(),
        systems=load_system("water").to_ase(),
        reference=make(),
        protocol=brief_protocol("determinism", "force_accuracy"),
        platform="Reference",
        sandbox=sandbox,
        output="out",
    )
    assert {check.id: check.status for check in report.checks} == {
        "determinism": Status.PASS,
        "force_accuracy": Status.PASS,
    }
    assert report.systems == ("water",)
    assert report.model.spec.startswith(spec)
