"""Files of labelled frames: what is read and refused, and which frames match a molecule."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.db import connect
from scipy.spatial.transform import Rotation

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.electrons import info_of
from openmm_mlff.potentials.ase import AsePotential
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


@pytest.mark.parametrize("suffix", ["extxyz", "xyz", "traj", "db", "json"])
def test_every_format_has_the_same_frames(water, tmp_path, suffix):
    images = labelled(water, 4)
    read = write(tmp_path / f"frames.{suffix}", images)
    assert (read.name, len(read.frames)) == ("frames", 4)
    for index, (frame, atoms) in enumerate(zip(read.frames, images, strict=True)):
        assert frame.index == index
        assert frame.energy_ev == pytest.approx(-10.0 - index)
        np.testing.assert_array_equal(frame.atomic_numbers, water.atomic_numbers)
        np.testing.assert_allclose(frame.positions_angstrom, atoms.positions, atol=1e-7)
        np.testing.assert_allclose(
            frame.forces_ev_per_angstrom, atoms.calc.results["forces"], atol=1e-7
        )


def under(energy_key, forces_key, *, value):
    """Add labels under keys of another convention to a frame."""

    def add(atoms):
        atoms.info[energy_key] = value
        atoms.arrays[forces_key] = np.full((len(atoms), 3), value)

    return add


def unlabelled(atoms):
    atoms.calc = None


REF = under("REF_energy", "REF_forces", value=-7.0)
DFT = under("dft_energy", "dft_force", value=-5.0)


@pytest.mark.parametrize(
    ("changes", "energies", "passed_over"),
    [
        ([(REF,), (REF,)], [-7.0, -7.0], {}),
        ([(unlabelled, REF), (REF, DFT)], [-7.0, -7.0], {}),
        # One convention only: the energies of another one have another zero.
        ([(REF,), ()], [-7.0], {"without REF_energy and REF_forces": 1}),
        ([(unlabelled, DFT), ()], [-11.0], {"without energy and forces": 1}),
        ([(unlabelled, DFT), (unlabelled,)], [-5.0], {"without dft_energy and dft_force": 1}),
    ],
)
def test_all_labels_come_from_one_pair_of_keys(water, tmp_path, changes, energies, passed_over):
    images = labelled(water, len(changes))
    for atoms, each in zip(images, changes, strict=True):
        for change in each:
            change(atoms)
    read = write(tmp_path / "labels.extxyz", images)
    assert [frame.energy_ev for frame in read.frames] == energies
    assert read.passed_over == passed_over


def test_labels_in_the_columns_of_a_database_are_found_and_constraints_keep_forces(water, tmp_path):
    (atoms,) = labelled(water, 1)
    with connect(tmp_path / "labels.db") as database:
        database.write(atoms, REF_energy=-77.0, data={"REF_forces": np.full((3, 3), 0.25)})
    (frame,) = LabelledFrames.from_file(str(tmp_path / "labels.db")).frames
    assert frame.energy_ev == -77.0
    np.testing.assert_array_equal(frame.forces_ev_per_angstrom, 0.25)
    forces = atoms.calc.results["forces"]
    atoms.set_constraint(FixAtoms([0, 1, 2]))
    with connect(tmp_path / "fixed.db") as database:
        database.write(atoms)
    (frame,) = LabelledFrames.from_file(str(tmp_path / "fixed.db")).frames
    np.testing.assert_allclose(frame.forces_ev_per_angstrom, forces)


def test_frames_of_a_molecule_are_chosen_evenly(water, tmp_path):
    other = Atoms("HOH", positions=water.positions_angstrom[[1, 0, 2]])
    other.calc = SinglePointCalculator(other, energy=0.0, forces=np.zeros((3, 3)))
    read = write(tmp_path / "mixed.extxyz", [other, *labelled(water, 9), other])
    assert [frame.index for frame in read.showing(water, at_most=3)] == [1, 5, 9]
    assert len(read.showing(water, at_most=100)) == 9


def boxed(atoms, width=9.0, pbc=True):
    atoms.set_cell(np.eye(3) * width)
    atoms.pbc = pbc


@pytest.mark.parametrize(
    ("change", "shown", "shown_in_box"),
    [
        (lambda atoms: None, True, False),
        (lambda atoms: boxed(atoms, pbc=False), True, False),
        (boxed, False, True),
        (lambda atoms: boxed(atoms, width=9.5), False, False),
        (lambda atoms: atoms.set_atomic_numbers([1, 8, 1]), False, False),
        (lambda atoms: atoms.info.update(info_of(charge=2, multiplicity=1)), False, False),
        (lambda atoms: atoms.info.update(info_of(charge=0, multiplicity=3)), False, False),
    ],
)
def test_a_frame_matches_its_own_system_only(water, tmp_path, change, shown, shown_in_box):
    images = labelled(water, 1)
    change(images[0])
    read = write(tmp_path / "frames.extxyz", images)
    in_box = water.with_cell(np.eye(3) * 9.0)
    for molecule, expected in ((water, shown), (in_box, shown_in_box)):
        assert len(read.showing(molecule, at_most=5)) == expected
        assert read.not_showing(molecule).total() == 1 - expected


def test_forces_are_rotated_with_the_lattice(water, tmp_path):
    lattice = np.array([[8.0, 0.0, 0.0], [2.0, 7.0, 0.0], [-1.0, 1.5, 7.5]])
    turn = Rotation.from_euler("xyz", [0.4, -0.9, 2.0]).as_matrix()
    options = {"sigma": 1.0, "rc": 3.0, "smooth": True}
    atoms = Atoms("OHH", water.positions_angstrom @ turn.T, cell=lattice @ turn.T, pbc=True)
    atoms.calc = LennardJones(**options)
    atoms.get_forces()
    path = tmp_path / "turned.extxyz"
    ase.io.write(path, atoms)
    system = load_system(path)
    (frame,) = LabelledFrames.from_file(str(path)).showing(system, at_most=1)
    np.testing.assert_allclose(frame.cell_angstrom, lattice, atol=1e-6)
    potential = AsePotential(LennardJones, options, spec="ase:test:LennardJones")
    found = potential.evaluate(system, frame.positions_angstrom[None])
    assert frame.energy_ev == pytest.approx(found.energies_ev[0], abs=1e-6)
    (forces,) = found.forces_ev_per_angstrom
    np.testing.assert_allclose(frame.forces_ev_per_angstrom, forces, atol=1e-5)


def no_forces(atoms):
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0)


def no_energy(atoms):
    atoms.calc = SinglePointCalculator(atoms, forces=np.zeros((3, 3)))


def isolated(atoms):
    del atoms[[1, 2]]
    no_forces(atoms)


def in_a_slab(atoms):
    boxed(atoms, pbc=[True, True, False])


def contradicting(atoms):
    atoms.info.update(charge=0, total_charge=1)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_forces, "without forces"),
        (no_energy, "without energy"),
        (unlabelled, "without energy and forces"),
        (isolated, "without forces"),
        (in_a_slab, "periodic in some directions only"),
        (lambda atoms: atoms.set_pbc(True), "without a right-handed cell"),
        (contradicting, "with contradictory charges or multiplicities"),
    ],
)
def test_a_frame_that_cannot_be_used_is_skipped_and_counted(water, tmp_path, spoil, reason):
    images = labelled(water, 3)
    spoil(images[1])
    read = write(tmp_path / "some.extxyz", images)
    assert [frame.index for frame in read.frames] == [0, 2]
    assert read.passed_over == {reason: 1}


def not_finite(atoms):
    atoms.calc = SinglePointCalculator(atoms, energy=np.nan, forces=np.zeros((3, 3)))


def several_kinds(atoms):
    unlabelled(atoms)
    DFT(atoms)
    under("hf_energy", "hf_forces", value=-3.0)(atoms)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("bad.extxyz", not_finite, "not finite"),
        ("bad.extxyz", no_forces, "no frame has both"),
        ("bad.extxyz", several_kinds, "dft_energy, hf_energy"),
        ("bad.extxyz", in_a_slab, "no usable frame"),
        ("frames.csv", "1,2", "not a format of labelled frames; expected one of .extxyz"),
        ("empty.extxyz", "", "it has no frame"),
        ("torn.extxyz", "3\n\nO 0 0 0\n", "cannot be read as extxyz"),
        ("torn.db", "not a database, and rather longer than that", "cannot be read as db"),
        ("torn.json", "{", "cannot be read as json"),
        ("missing.db", None, "no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    water, tmp_path, name, content, expected
):
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        images = labelled(water, 1)
        content(images[0])
        ase.io.write(path, images, format="extxyz")
    with pytest.raises(PotentialError, match=expected) as raised:
        LabelledFrames.from_file(str(path))
    assert "\n" not in str(raised.value)
    assert name in str(raised.value)
    assert path.exists() is (content is not None)


@pytest.mark.parametrize(
    ("spec", "is_file"),
    [
        ("labels/dft.extxyz", True),
        ("DFT.DB", True),
        ("ase:mace.calculators:MACE?file=a.json", False),
        ("model.pt", False),
        ("none:labels come later.xyz", False),
    ],
)
def test_files_are_distinguished_from_specs_of_potentials(spec, is_file):
    assert names_labelled_frames(spec) is is_file
