import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write as write_frames
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from openmm_mlff.molecules import covalent_bonds, load_system
from openmm_mlff.molecules.assembly import build_system
from openmm_mlff.molecules.boxes import (
    covalent_images,
    molecule_labels,
    supercell,
    whole_molecules,
)
from openmm_mlff.molecules.formats.structure import FileStructure

CELL = np.array([[13.0, 0.0, 0.0], [4.0, 12.0, 0.0], [-3.0, 5.0, 11.0]])
BESIDE = np.array([0.0, 6.0, 6.0])


def build(numbers, positions, cell, **fields):
    structure = FileStructure(
        atomic_numbers=np.asarray(numbers),
        positions_angstrom=positions,
        cell_angstrom=cell,
        **fields,
    )
    return build_system(structure, name="made", source="a test")


def test_wrapped_molecules_in_a_rotated_triclinic_box_are_made_whole(tmp_path, water, dipeptide):
    numbers = np.concatenate([dipeptide.atomic_numbers, water.atomic_numbers])
    positions = np.concatenate(
        [dipeptide.positions_angstrom, water.positions_angstrom + np.array([0.0, 6.5, 0.5])]
    )
    turn = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    atoms = Atoms(numbers=numbers, positions=positions @ turn.T, cell=CELL @ turn.T, pbc=True)
    atoms.positions += [1.0, 2.0, 3.0]
    atoms.wrap()
    path = tmp_path / "box.extxyz"
    write_frames(path, atoms, format="extxyz")
    system = load_system(path)
    np.testing.assert_allclose(system.cell_angstrom, CELL, atol=1e-6)
    assert not np.triu(system.cell_angstrom, 1).any()
    assert system.source == "file box.extxyz; rotated to OpenMM's orientation of the box"
    expected_bonds = [*dipeptide.bonds, *((i + 22, j + 22) for i, j in water.bonds)]
    assert system.bonds == tuple(expected_bonds)


numbers = st.floats(-1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    axis=st.tuples(numbers, numbers, numbers),
    shift=st.tuples(numbers, numbers, numbers),
    tilts=st.tuples(numbers, numbers, numbers),
    turn=st.tuples(numbers, numbers, numbers),
    images=st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=3, max_size=3),
)
def test_a_wrapped_water_keeps_its_shape(axis, shift, tilts, turn, images):
    water = load_system("water")
    cell = np.array([[6.0, 0, 0], [3 * tilts[0], 7.0, 0], [3 * tilts[1], 3 * tilts[2], 8.0]])
    spin = Rotation.from_rotvec(axis).as_matrix()
    box_turn = Rotation.from_rotvec(turn).as_matrix()
    placed = water.positions_angstrom @ spin.T + 20.0 * np.array(shift)
    wrapped = (placed + np.array(images) @ cell) @ box_turn.T
    for bonds in (None, water.bonds):
        system = build(water.atomic_numbers, wrapped, cell @ box_turn.T, bonds=bonds)
        assert system.bonds == water.bonds
        found, expected = (pdist(one.positions_angstrom) for one in (system, water))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_whole_molecules_and_infinite_networks_are_unchanged(water):
    diamond = bulk("C", "diamond", a=3.567, cubic=True)
    for numbers, positions, cell in (
        (water.atomic_numbers, water.positions_angstrom, CELL),
        (diamond.numbers, np.array(diamond.positions), np.array(diamond.cell)),
    ):
        system = build(numbers, positions, cell)
        np.testing.assert_array_equal(system.positions_angstrom, positions)
        np.testing.assert_array_equal(system.cell_angstrom, cell)


def test_a_molecule_beside_a_network_is_made_whole(water):
    # A chain of carbon atoms along x, bonded to its own image.
    cell = np.diag([4.2, 12.0, 12.0])
    chain = np.array([[0.0, 0, 0], [1.4, 0, 0], [2.8, 0, 0]])
    split = water.positions_angstrom + BESIDE + np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1]]) @ cell
    numbers = np.array([6, 6, 6, *water.atomic_numbers])
    positions = np.concatenate([chain, split])
    pairs, shifts = covalent_images(numbers, positions, cell_angstrom=cell)
    whole = whole_molecules(positions, cell_angstrom=cell, pairs=pairs, shifts=shifts)
    np.testing.assert_array_equal(whole[:3], chain)
    np.testing.assert_allclose(whole[3:], water.positions_angstrom + BESIDE, atol=1e-9)


def test_atoms_of_a_network_are_molecules_of_their_own(water):
    # A polymer of three atoms along x in a wide box, with a molecule beside it.
    polymer = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [3.0, 0.0, 0.0]])
    positions = np.concatenate([polymer, water.positions_angstrom + np.array([0.0, 10.0, 10.0])])
    box = {"positions_angstrom": positions, "cell_angstrom": np.diag([4.5, 20.0, 20.0])}
    beside = [(i + 3, j + 3) for i, j in water.bonds]
    polymer_bonds = [(0, 1), (1, 2), (2, 0)]
    assert molecule_labels(polymer_bonds + beside, **box).tolist() == [0, 1, 2, 3, 3, 3]
    assert molecule_labels(polymer_bonds[:2] + beside, **box).tolist() == [0, 0, 0, 3, 3, 3]
    assert molecule_labels([], **box).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["water_box_64", "diamond"])
def test_bonds_go_on_into_the_next_box(name):
    one = load_system(name)
    width = float(np.diag(one.cell_angstrom).min())
    many = supercell(one, at_least_angstrom=1.5 * width)
    assert many.n_atoms == 8 * one.n_atoms
    assert many.charge == 8 * one.charge
    assert len(many.bonds) == 8 * len(one.bonds)
    found = covalent_bonds(
        many.atomic_numbers, many.positions_angstrom, cell_angstrom=many.cell_angstrom
    )
    assert many.bonds == found
    assert supercell(one, at_least_angstrom=0.9 * width) is one


def test_stretched_bonds_stay_bonds():
    one = load_system("water_box_64")
    wide = one.with_cell(
        1.4 * one.cell_angstrom, positions_angstrom=1.4 * np.array(one.positions_angstrom)
    )
    assert len(supercell(wide, at_least_angstrom=20.0).bonds) == 8 * len(one.bonds)
