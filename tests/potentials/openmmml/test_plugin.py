from importlib.metadata import entry_points

import pytest
import torch
from openmmml import MLPotential

from openmm_mlff.errors import CheckpointError, PotentialError
from openmm_mlff.potentials.openmmml import plugin
from openmm_mlff.potentials.openmmml.plugin import FileFactory, StudentFactory
from openmm_mlff.potentials.openmmml.topology import topology_of
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.students.loading import shipped_students
from openmm_mlff.units import nm_from_angstrom

OURS = {
    point.name: point
    for point in entry_points(group="openmmml.potentials")
    if point.value.startswith("openmm_mlff.")
}


def test_every_shipped_student_has_an_entry_point():
    students = {name for name, point in OURS.items() if point.load() is StudentFactory}

    assert students == {f"student-{name}" for name in shipped_students()}


def test_files_have_an_entry_point():
    assert OURS["mlff-torchscript"].load() is FileFactory


@pytest.mark.parametrize("name", shipped_students())
def test_a_student_is_found_by_its_name(name):
    potential = StudentFactory().createImpl(f"student-{name}").potential

    assert isinstance(potential, StudentPotential)
    assert potential.spec == f"student:{name}"


def test_a_student_can_be_run_by_the_other_backend():
    impl = StudentFactory().createImpl("student-tiny", backend="python")

    assert impl.potential.options.backend == "python"


def test_an_unknown_student_is_refused():
    with pytest.raises(CheckpointError, match="did you mean 'tiny'"):
        StudentFactory().createImpl("student-tny")


def test_a_checkpoint_is_loaded_by_its_path(small_checkpoint, water, evaluated):
    placed = nm_from_angstrom(water.positions_angstrom)

    system = MLPotential("mlff-torchscript", path=str(small_checkpoint)).createSystem(
        topology_of(water)
    )

    expected = StudentPotential.from_file(small_checkpoint).create_system(water)
    assert evaluated(system, placed)[0] == evaluated(expected, placed)[0]


class Springs(torch.nn.Module):
    def forward(self, positions):
        return 3.0 * (positions**2).sum()


def test_a_torchscript_file_is_read_in_its_units(tmp_path, water, evaluated):
    path = tmp_path / "springs.pt"
    torch.jit.script(Springs()).save(str(path))
    placed = nm_from_angstrom(water.positions_angstrom)

    potential = MLPotential(
        "mlff-torchscript", path=path, energy_unit="kcal/mol", length_unit="angstrom"
    )

    energy, _ = evaluated(potential.createSystem(topology_of(water)), placed)
    assert energy == pytest.approx(4.184 * 3.0 * (water.positions_angstrom**2).sum(), rel=1e-6)


def test_options_are_handed_on(monkeypatch, recording):
    asked = []
    monkeypatch.setattr(
        plugin, "load_potential", lambda spec, options: asked.append((spec, options)) or recording
    )

    MLPotential(
        "mlff-torchscript",
        path="model.pt",
        contract="positions",
        energy_unit="eV",
        length_unit="angstrom",
        parameters={"scale": 2.0},
        backend="python",
        compiled=True,
    )

    ((spec, options),) = asked
    assert spec == "model.pt"
    assert options.model_dump(
        include={"contract", "energy_unit", "length_unit", "parameters", "backend", "compiled"}
    ) == {
        "contract": "positions",
        "energy_unit": "eV",
        "length_unit": "angstrom",
        "parameters": {"scale": 2.0},
        "backend": "python",
        "compiled": True,
    }


def test_a_file_must_be_named():
    with pytest.raises(PotentialError, match=r"needs a file.*path="):
        MLPotential("mlff-torchscript")


@pytest.mark.parametrize("name", ["mlff-torchscript", "student-tiny"])
def test_an_impossible_option_is_one_line(name):
    path = {"path": "model.pt"} if name == "mlff-torchscript" else {}

    with pytest.raises(PotentialError, match=f"{name}: backend='pyhton' is not possible") as caught:
        MLPotential(name, backend="pyhton", **path)
    assert "\n" not in str(caught.value)
