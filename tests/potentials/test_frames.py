"""Files of labelled frames: what is read, what is refused, which frames show a molecule."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.db import connect

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.frames import LabelledFrames, names_labelled_frames


def labelled(water, count, *, seed=0):
    rng = np.random.default_rng(seed)
    images = []
    for index in range(count):
        atoms = water.to_ase()
        atoms.positions += rng.normal(scale=0.05, size=(3, 3))
        forces = rng.normal(size=(3, 3))
        atoms.calc = SinglePointCalculator(atoms, energy=-10.0 - index, forces=forces)
        images.append(atoms)
    return images


def write(path, images):
    ase.io.write(path, images, format={".xyz": "extxyz"}.get(path.suffix))
    return LabelledFrames.from_file(str(path))


@pytest.mark.parametrize("name", ["frames.extxyz", "frames.xyz", "frames.db", "frames.json"])
def test_every_format_gives_the_same_frames(water, tmp_path, name):
    images = labelled(water, 4)
    read = write(tmp_path / name, images)
    assert (read.name, len(read.frames)) == ("frames", 4)
    for index, (frame, atoms) in enumerate(zip(read.frames, images, strict=True)):
        assert frame.index == index
        assert frame.energy_ev == pytest.approx(-10.0 - index)
        np.testing.assert_array_equal(frame.atomic_numbers, water.atomic_numbers)
        np.testing.assert_allclose(frame.positions_angstrom, atoms.positions, atol=1e-7)
        np.testing.assert_allclose(
            frame.forces_ev_per_angstrom, atoms.calc.results["forces"], atol=1e-7
        )


def test_labels_named_ref_go_before_others(water, tmp_path):
    images = labelled(water, 1)
    images[0].info["REF_energy"] = -77.0
    images[0].arrays["REF_forces"] = np.full((3, 3), 0.25)
    frame = write(tmp_path / "mace.extxyz", images).frames[0]
    assert frame.energy_ev == -77.0
    np.testing.assert_array_equal(frame.forces_ev_per_angstrom, 0.25)


def test_a_constraint_does_not_blank_the_forces(water, tmp_path):
    (atoms,) = labelled(water, 1)
    forces = atoms.calc.results["forces"]
    atoms.set_constraint(FixAtoms([0, 1, 2]))
    with connect(tmp_path / "fixed.db") as database:
        database.write(atoms)
    frame = LabelledFrames.from_file(str(tmp_path / "fixed.db")).frames[0]
    np.testing.assert_allclose(frame.forces_ev_per_angstrom, forces)


def test_frames_of_a_molecule_are_chosen_evenly(water, tmp_path):
    turned = Atoms("HOH", positions=water.positions_angstrom[[1, 0, 2]])
    turned.calc = SinglePointCalculator(turned, energy=0.0, forces=np.zeros((3, 3)))
    read = write(tmp_path / "mixed.extxyz", [turned, *labelled(water, 9), turned])
    assert [frame.index for frame in read.showing(water, at_most=3)] == [1, 5, 9]
    assert len(read.showing(water, at_most=100)) == 9


def test_a_box_is_shown_only_by_frames_in_the_same_box(water, tmp_path):
    images = labelled(water, 3)
    for atoms, width in zip(images, (9.0, 9.0, 9.5), strict=True):
        atoms.set_cell(np.eye(3) * width)
    images[0].pbc = images[2].pbc = True
    read = write(tmp_path / "boxes.extxyz", images)
    boxed = water.with_cell(np.eye(3) * 9.0)
    assert [frame.index for frame in read.showing(boxed, at_most=5)] == [0]
    assert [frame.index for frame in read.showing(water, at_most=5)] == [1]


def test_a_file_without_a_frame_of_the_molecule_shows_none(water, tmp_path):
    read = write(tmp_path / "water.extxyz", labelled(water, 2))
    boxed = water.with_cell(np.eye(3) * 9.0)
    assert read.showing(boxed, at_most=5) == ()


def no_forces(atoms):
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0)


def no_energy(atoms):
    atoms.calc = SinglePointCalculator(atoms, forces=np.zeros((3, 3)))


def no_label(atoms):
    atoms.calc = None


def not_finite(atoms):
    forces = np.zeros((3, 3))
    forces[1, 2] = np.nan
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0, forces=forces)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (no_forces, "frame 1 has no forces; expected energy"),
        (no_energy, "frame 1 has no energy; expected energy"),
        (no_label, "frame 1 has no energy and no forces"),
        (not_finite, "frame 1 holds a number that is not finite"),
    ],
)
def test_a_frame_that_is_not_whole_is_refused_in_one_line(water, tmp_path, spoil, expected):
    images = labelled(water, 2)
    spoil(images[1])
    with pytest.raises(PotentialError, match=expected) as raised:
        write(tmp_path / "bad.extxyz", images)
    assert "\n" not in str(raised.value)
    assert "bad.extxyz" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("frames.csv", "1,2", "not a format of labelled frames; expected one of .extxyz"),
        ("empty.extxyz", "", "no frame in it"),
        ("torn.extxyz", "3\n\nO 0 0 0\n", "cannot be read as extxyz"),
        ("torn.db", "not a database, and rather longer than that", "cannot be read as db"),
        ("torn.json", "{", "cannot be read as json"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    with pytest.raises(PotentialError, match=expected) as raised:
        LabelledFrames.from_file(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_not_made(tmp_path):
    with pytest.raises(PotentialError, match="no such file"):
        LabelledFrames.from_file(str(tmp_path / "missing.db"))
    assert not (tmp_path / "missing.db").exists()


def test_spec_strings_of_potentials_are_told_from_files():
    assert names_labelled_frames("labels/dft.extxyz")
    assert names_labelled_frames("DFT.DB")
    assert not names_labelled_frames("ase:mace.calculators:MACE?file=a.json")
    assert not names_labelled_frames("model.pt")
    assert not names_labelled_frames("none:labels come later.xyz")
