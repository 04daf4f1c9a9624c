"""The reference: a potential's own teacher, one that was named, or none, and why."""

import json
import shutil
import sys

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from openmm_mlff.config import GFN2_XTB
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.pipeline.reference import choose_reference
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.ase import SMALLEST_WIDTH_ANGSTROM
from openmm_mlff.request import ValidationRequest
from openmm_mlff.students.shipped import shipped_path

pytest.importorskip("tblite")

LENNARD_JONES = "ase:ase.calculators.lj:LennardJones"


def box(width_angstrom, *, tilt=0.0, number=18):
    """One atom in a box whose narrowest width is known."""
    cell = width_angstrom * np.eye(3)
    cell[1, 0] = tilt * width_angstrom
    # Tilting a box leaves its height along y and narrows it along x.
    cell *= np.sqrt(1.0 + tilt**2)
    return MolecularSystem("box", np.array([number]), np.zeros((1, 3)), cell_angstrom=cell)


@pytest.fixture(scope="module")
def student():
    return load_potential("student:tiny")


@pytest.fixture(scope="module")
def water():
    return load_system("water")


def test_only_a_student_of_a_known_teacher_names_one(student, random_student, tmp_path):
    assert student.teacher == GFN2_XTB
    # The teacher comes with the file.
    copied = shutil.copy(shipped_path("tiny"), tmp_path / "mine.safetensors")
    assert load_potential(str(copied)).teacher == GFN2_XTB
    for spec in (LENNARD_JONES, GFN2_XTB, random_student):
        assert load_potential(spec).teacher is None


def test_auto_is_the_teacher(student, water):
    choice = choose_reference("auto", student, {"water": water})
    assert choice.source is not None
    assert (choice.source.spec, choice.missing, choice.not_asked) == (GFN2_XTB, {}, {})


def test_nothing_is_assumed_of_a_potential_without_a_teacher(water):
    choice = choose_reference("auto", load_potential(LENNARD_JONES), {"water": water})
    assert choice.source is None
    assert choice.missing == choice.not_asked
    assert "--reference" in choice.not_asked["water"]


def test_a_teacher_that_is_not_installed_leaves_accuracy_asked(student, water, monkeypatch):
    monkeypatch.setitem(sys.modules, "tblite.ase", None)
    choice = choose_reference("auto", student, {"water": water})
    assert (choice.source, choice.not_asked) == (None, {})
    assert "pip install tblite" in choice.missing["water"]


@pytest.mark.parametrize(
    ("molecule", "refused"),
    [
        (box(0.99 * SMALLEST_WIDTH_ANGSTROM), True),
        (box(1.01 * SMALLEST_WIDTH_ANGSTROM), False),
        (box(0.99 * SMALLEST_WIDTH_ANGSTROM, tilt=0.4), True),
        (box(1.01 * SMALLEST_WIDTH_ANGSTROM, tilt=0.4), False),
        (box(3.0 * SMALLEST_WIDTH_ANGSTROM, number=12), True),
    ],
)
def test_one_k_point_needs_a_wide_box_and_no_metal(student, molecule, refused):
    choice = choose_reference("auto", student, {"box": molecule})
    assert (choice.source is None) is refused
    assert ("Γ point" in choice.not_asked.get("box", "")) is refused
    if refused:
        with pytest.raises(PotentialError, match="Γ point") as raised:
            choose_reference(GFN2_XTB, student, {"box": molecule})
        assert "\n" not in str(raised.value)
    else:
        assert choose_reference(GFN2_XTB, student, {"box": molecule}).missing == {}


def test_the_systems_that_a_teacher_can_describe_are_compared(student, water):
    small = box(5.0)
    choice = choose_reference("auto", student, {"water": water, "box": small})
    assert choice.source is not None
    assert list(choice.missing) == list(choice.not_asked) == ["box"]


def test_a_reference_that_does_not_know_an_element_is_refused(student):
    sulphide = MolecularSystem("hydrogen_sulphide", np.array([16, 1, 1]), np.eye(3))
    with pytest.raises(PotentialError, match="does not support S"):
        choose_reference("student:tiny", student, {"hydrogen_sulphide": sulphide})


def test_a_small_box_is_refused_before_anything_runs(tmp_path):
    crystal = tmp_path / "crystal.extxyz"
    write(crystal, bulk("C", "diamond", 3.57, cubic=True).repeat(2))
    asked = {"potential": "student:tiny", "systems": (str(crystal),), "protocol": "quick"}
    output = tmp_path / "out"
    with pytest.raises(PotentialError, match="Γ point"):
        prepare(ValidationRequest(**asked, reference=GFN2_XTB, output=output))
    assert not output.exists()
    plan = prepare(ValidationRequest(**asked, output=output))
    assert (plan.reference, plan.spec.reference) == (None, None)
    assert "Γ point" in plan.not_asked["crystal"]
    json.dumps(plan.not_asked)
