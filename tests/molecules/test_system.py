"""A molecule is checked and read-only; bonds, fragments and inertia of plain arrays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import (
    MolecularSystem,
    covalent_bonds,
    fragment_count,
    fragment_labels,
    inertia_tensor,
    load_system,
    pairs_within,
    rotation_count,
)


def make(numbers=(8, 1, 1), positions=((0, 0, 0.1), (0.76, 0, -0.5), (-0.76, 0, -0.5)), **fields):
    return MolecularSystem(
        name="made", atomic_numbers=np.array(numbers), positions_angstrom=positions, **fields
    )


def test_arrays_are_read_only_copies_of_fixed_types():
    positions = np.array([[0, 0, 0], [0, 0, 1]])
    system = make((1, 1), positions, cell_angstrom=9 * np.eye(3))
    positions[0, 0] = 99
    assert system.positions_angstrom[0, 0] == 0.0
    assert system.atomic_numbers.dtype == np.int64
    assert system.positions_angstrom.dtype == system.cell_angstrom.dtype == np.float64
    for name in ("atomic_numbers", "positions_angstrom", "masses_amu", "cell_angstrom"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(system, name)[0] = 6


def test_ase_gets_an_independent_copy_with_the_electrons_under_every_name():
    oxygen = load_system("oxygen")
    assert (oxygen.n_atoms, oxygen.n_electrons, oxygen.symbols) == (2, 16, ("O", "O"))
    np.testing.assert_allclose(oxygen.masses_amu, [15.999, 15.999])
    atoms = oxygen.to_ase()
    # 2S + 1 by each name: MACE, fairchem and ORB read spin, AIMNet2 mult.
    names = ("multiplicity", "spin", "mult", "charge")
    assert [atoms.info[name] for name in names] == [3, 3, 3, 0]
    assert not atoms.pbc.any()
    atoms.positions += 1.0
    assert not np.allclose(atoms.positions, oxygen.positions_angstrom)


def test_with_positions_keeps_the_bonds_of_the_original_and_its_shape(water):
    stretched = water.with_positions(3.0 * water.positions_angstrom, name="stretched")
    assert (stretched.name, stretched.bonds) == ("stretched", water.bonds)
    assert covalent_bonds(stretched.atomic_numbers, stretched.positions_angstrom) == ()
    assert not water.keeps_bonds(stretched.positions_angstrom)
    assert water.with_positions(water.positions_angstrom).name == "water"
    with pytest.raises(MoleculeError, match=r"\(2, 3\)"):
        water.with_positions(water.positions_angstrom[:2])


@pytest.mark.parametrize("bond", [(0, 3), (-1, 0), (1, 1)])
def test_given_bonds_are_checked_and_sorted(water, bond):
    given = replace(water, bonds=((2, 0), (1, 0), (0, 1)))
    assert given.bonds == ((0, 1), (0, 2))
    with pytest.raises(MoleculeError, match="a bond joins atoms that are not there"):
        replace(water, bonds=(bond,))


def test_sha256_sees_everything_but_the_name(water):
    numbers, positions = water.atomic_numbers, water.positions_angstrom
    assert make(numbers, positions).sha256 == water.sha256
    others = [
        make(numbers, positions + np.array([1e-12, 0, 0])),
        make(numbers, positions, charge=2),
        make(numbers, positions, multiplicity=3),
        make((8, 1, 9), positions),
        make(numbers, positions, cell_angstrom=9 * np.eye(3)),
        make(numbers, positions, masses_amu=[16.0, 1.0, 2.0]),
    ]
    assert len({water.sha256, *(other.sha256 for other in others)}) == 7


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"numbers": np.zeros(0, int)}, r"shape \(0,\), expected \(N,\)"),
        ({"numbers": (8, 1)}, r"positions have shape \(3, 3\), expected \(2, 3\)"),
        ({"numbers": (8.0, 1.0, 1.0)}, "float64"),
        ({"numbers": (8, 1, 0)}, "atomic number 0"),
        ({"numbers": (8, 1, 119)}, "atomic number 119"),
        ({"positions": ((0, 0, 0), (1, 0, 0), (0, np.nan, 1))}, "H3"),
        ({"positions": ((0, 0, 0), (np.inf, 0, 0), (0, 1, 1))}, "H2"),
        ({"positions": ((0, 0, 0), (1, 0, 0), (1, 0, 0.05))}, "H2 and H3"),
        ({"charge": 1}, "9 electrons"),
        ({"multiplicity": 2}, "10 electrons"),
        ({"charge": 11, "multiplicity": 2}, "-1 electrons"),
        ({"multiplicity": 0}, "multiplicity 0"),
        ({"multiplicity": 13}, "multiplicity 13"),
    ],
)
def test_impossible_molecules_are_refused_in_one_line(fields, message):
    with pytest.raises(MoleculeError, match=message) as caught:
        make(**fields)
    assert "\n" not in str(caught.value)


def test_bond_limit_is_the_factor_times_the_radii():
    # Cordero radii: H 0.31 Å; 1.25 × 0.62 = 0.775 Å.
    for distance_angstrom, bonds in ((0.774, ((0, 1),)), (0.776, ())):
        assert covalent_bonds([1, 1], [[0, 0, 0], [distance_angstrom, 0, 0]]) == bonds


def test_fragments_on_plain_numbers():
    assert fragment_labels(5, bonds=[(3, 4), (1, 3)]) == [0, 1, 2, 1, 1]
    assert fragment_count(5, bonds=[(3, 4), (1, 3)]) == 3
    assert fragment_count(0, bonds=[]) == 0


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 3), min_size=1, max_size=12), st.floats(0.1, 4))
def test_pairs_agree_with_the_full_distance_matrix(points, cutoff_angstrom):
    positions = np.array(points)
    pairs, distances = pairs_within(positions, cutoff_angstrom=cutoff_angstrom)
    full = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    np.testing.assert_allclose(distances, full[pairs[:, 0], pairs[:, 1]], rtol=1e-12)
    clear = np.triu(np.abs(full - cutoff_angstrom) > 1e-9, k=1)
    expected = {tuple(pair) for pair in np.argwhere(clear & (full < cutoff_angstrom))}
    assert expected == {(i, j) for i, j in pairs if clear[i, j]}


def test_a_dumbbell_has_the_moments_of_its_reduced_mass():
    # 2 amu and 6 amu, 3 Å apart: μ d² = 1.5 · 9 across the axis, 0 along it.
    inertia = inertia_tensor(
        np.array([[1.0, 1.0, 1.0], [1.0, 4.0, 1.0]]), masses_amu=np.array([2.0, 6.0])
    )
    np.testing.assert_allclose(inertia, np.diag([13.5, 0.0, 13.5]), atol=1e-12)


ZIGZAG = [[1.27 * k, 0.43 * (-1.0) ** k, 0.0] for k in range(300)]


@pytest.mark.parametrize(
    ("positions", "masses", "expected"),
    [
        ([[5, 6, 7]], [39.9], 0),
        # A particle without mass does not make a line of an atom.
        ([[5, 6, 7], [5, 6, 9]], [39.9, 0.0], 0),
        ([[0, 0, 0], [0.6, 0.6, 0.7]], [14.0, 14.0], 2),
        # CO2, its carbon off the line by what rounding and minimisation leave, then bent.
        ([[-1.16, 0, 0], [0, 0.005, 0], [1.16, 0, 0]], [16.0, 12.0, 16.0], 2),
        ([[-1.16, 0, 0], [0, 0.1, 0], [1.16, 0, 0]], [16.0, 12.0, 16.0], 3),
        (ZIGZAG, [12.0] * 300, 3),
    ],
)
def test_rotations_of_small_and_long_molecules(positions, masses, expected):
    found = rotation_count(np.array(positions, dtype=float), masses_amu=np.array(masses))
    assert found == expected
