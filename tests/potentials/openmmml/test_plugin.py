from importlib.metadata import entry_points

import pytest
import torch
from openmmml import MLPotential

from openmm_mlff.errors import CheckpointError, PotentialError
from openmm_mlff.potentials.openmmml import plugin
from openmm_mlff.potentials.openmmml.plugin import FileFactory, StudentFactory
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.potentials.topology import topology_of
from openmm_mlff.students.shipped import shipped_students
from openmm_mlff.units import nm_from_angstrom

from .conftest import Springs


def test_every_shipped_student_and_files_have_entry_points():
    points = {
        point.name: point.load()
        for point in entry_points(group="openmmml.potentials")
        if point.value.startswith("openmm_mlff.")
    }
    students = {f"student-{name}": StudentFactory for name in shipped_students()}
    assert points == students | {"mlff-torchscript": FileFactory}


def test_a_student_is_found_by_its_name_and_runs_by_either_backend():
    for name in shipped_students():
        potential = StudentFactory().createImpl(f"student-{name}").potential
        assert isinstance(potential, StudentPotential)
        assert potential.spec == f"student:{name}"
    impl = StudentFactory().createImpl("student-tiny", backend="python")
    assert impl.potential.options.backend == "python"
    with pytest.raises(CheckpointError, match="did you mean 'tiny'"):
        StudentFactory().createImpl("student-tny")


def test_checkpoints_and_torchscript_files_are_loaded_by_path(
    small_checkpoint, water, evaluated, tmp_path
):
    def energy(**given):
        potential = MLPotential("mlff-torchscript", **given)
        return evaluated(potential.createSystem(topology_of(water)), placed)[0]

    placed = nm_from_angstrom(water.positions_angstrom)
    expected = StudentPotential.from_file(small_checkpoint).create_system(water)
    assert energy(path=str(small_checkpoint)) == evaluated(expected, placed)[0]
    path = tmp_path / "springs.pt"
    torch.jit.script(Springs()).save(str(path))
    in_its_units = energy(path=path, energy_unit="kcal/mol", length_unit="angstrom")
    squares = (water.positions_angstrom**2).sum()
    assert in_its_units == pytest.approx(4.184 * squares, rel=1e-6)


def test_options_are_passed_on(monkeypatch, recording):
    asked = []
    monkeypatch.setattr(
        plugin, "load_potential", lambda spec, options: asked.append((spec, options)) or recording
    )
    given = {
        "contract": "positions",
        "energy_unit": "eV",
        "length_unit": "angstrom",
        "parameters": {"scale": 2.0},
        "backend": "python",
        "compiled": True,
    }
    MLPotential("mlff-torchscript", path="model.pt", **given)
    ((spec, options),) = asked
    assert (spec, options.model_dump(include=set(given))) == ("model.pt", given)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("mlff-torchscript", {}, "needs a file.*path="),
        ("mlff-torchscript", {"path": "model.pt", "backend": "pyhton"}, "script: backend="),
        ("student-tiny", {"backend": "pyhton"}, "student-tiny: backend="),
    ],
)
def test_impossible_options_are_refused_in_one_line(name, given, said):
    with pytest.raises(PotentialError, match=said) as caught:
        MLPotential(name, **given)
    assert "\n" not in str(caught.value)
