import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.measuring.trajectory import analyse_trajectory, measure_structure
from openmm_mlff.molecules import BOND_FACTOR, MolecularSystem, load_system
from openmm_mlff.molecules.bonds import pairs_within
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS

SUM_OF_RADII_OH = 0.66 + 0.31
SUM_OF_RADII_HH = 2 * 0.31
SKEWED = np.array([[6.0, 0.0, 0.0], [2.0, 6.5, 0.0], [-1.0, 2.0, 7.0]])


@pytest.fixture
def water():
    return load_system("water")


def frames_of(system, *changes):
    """Copies of the start, each changed by one function of the positions."""
    frames = [system.positions_angstrom.copy() for _ in changes]
    for frame, change in zip(frames, changes, strict=True):
        change(frame)
    return np.array(frames)


def analyse(system, positions):
    return analyse_trajectory(positions, system=system, time_ps=np.arange(1.0, len(positions) + 1))


def as_it_is(positions):
    pass


def stretch(factor, *, bond=(0, 1)):
    i, j = bond

    def change(positions):
        positions[j] = positions[i] + factor * (positions[j] - positions[i])

    return change


def turn(positions):
    rotation = Rotation.from_rotvec([0.3, -2.0, 1.1]).as_matrix()
    positions[:] = positions @ rotation.T + np.array([20.0, -5.0, 3.0])


def test_a_turned_molecule_is_the_same(water):
    series = analyse(water, frames_of(water, as_it_is, turn))
    # MDTraj computes in float32 nanometres.
    assert series.rmsd_angstrom == pytest.approx([0.0, 0.0], abs=2e-3)
    np.testing.assert_allclose(
        series.bond_lengths_angstrom[0], series.bond_lengths_angstrom[1], atol=1e-4
    )
    assert series.radius_of_gyration_angstrom[0] == pytest.approx(
        series.radius_of_gyration_angstrom[1], abs=1e-4
    )
    assert list(series.fragments) == [1, 1]
    assert list(series.time_ps) == [1.0, 2.0]


def test_lengths_contacts_and_gyration_are_those_of_the_positions(water):
    series = analyse(water, frames_of(water, as_it_is, stretch(1.2)))
    x, m = water.positions_angstrom, water.masses_amu
    oh = np.linalg.norm(x[1] - x[0])
    assert series.bond_lengths_angstrom[:, 0] == pytest.approx([oh, 1.2 * oh], abs=1e-5)
    hh = np.linalg.norm(x[1] - x[2])
    assert series.closest_contact[0] == pytest.approx(hh / SUM_OF_RADII_HH, rel=1e-5)
    centred = x - np.average(x, axis=0, weights=m)
    gyration = np.sqrt(np.average(np.sum(centred**2, axis=1), weights=m))
    assert series.radius_of_gyration_angstrom[0] == pytest.approx(gyration, rel=1e-4)


def test_the_rmsd_of_a_breathing_dumbbell_is_exact():
    # Each end moves by half the change of the distance.
    hydrogen = MolecularSystem("H2", np.array([1, 1]), np.array([[0.0, 0, 0], [0.74, 0, 0]]))
    series = analyse(hydrogen, frames_of(hydrogen, as_it_is, stretch(1.2)))
    assert series.rmsd_angstrom[1] == pytest.approx(0.5 * 0.2 * 0.74, abs=1e-3)
    assert series.closest_contact[0] == np.inf


@pytest.mark.parametrize(("factor", "fragments"), [(1.45, 1), (1.55, 2), (3.0, 2)])
def test_a_bond_holds_until_half_as_long_again(water, factor, fragments):
    series = analyse(water, frames_of(water, as_it_is, stretch(factor)))
    assert list(series.fragments) == [1, fragments]


def test_water_that_flies_apart_is_three_fragments(water):
    def apart(positions):
        positions *= 10.0

    assert list(analyse(water, frames_of(water, as_it_is, apart)).fragments) == [1, 3]


@pytest.fixture
def water_and_neon(water):
    return MolecularSystem(
        "pair",
        np.append(water.atomic_numbers, 10),
        np.vstack([water.positions_angstrom, [0.0, 0.0, 8.0]]),
    )


@pytest.mark.parametrize(("distance", "fragments"), [(2.0, 2), (1.5, 1)])
def test_molecules_that_collide_become_one(water_and_neon, distance, fragments):
    def approach(positions):
        away = positions[0] - positions[1:3].mean(axis=0)
        positions[3] = positions[0] + distance * away / np.linalg.norm(away)

    series = analyse(water_and_neon, frames_of(water_and_neon, as_it_is, approach))
    assert list(series.fragments) == [2, fragments]
    assert series.closest_contact[1] == pytest.approx(distance / (0.66 + 0.58), rel=1e-3)


def test_frames_that_are_not_finite_are_marked_and_the_rest_measured(water):
    def lose(positions):
        positions[2, 1] = np.nan

    series = analyse(water, frames_of(water, lose, as_it_is, lose))
    assert list(series.fragments) == [0, 1, 0]
    for name in ("rmsd_angstrom", "radius_of_gyration_angstrom", "closest_contact"):
        assert list(np.isfinite(getattr(series, name))) == [False, True, False]
    assert np.isnan(series.bond_lengths_angstrom[0]).all()
    nothing = analyse(water, frames_of(water, lose))
    assert list(nothing.fragments) == [0]


def test_a_single_atom_has_no_bond_and_no_contact():
    neon = MolecularSystem("neon", np.array([10]), np.zeros((1, 3)))
    series = analyse(neon, np.zeros((4, 1, 3)))
    assert series.bond_lengths_angstrom.shape == (4, 0)
    assert list(series.fragments) == [1] * 4
    assert np.isinf(series.closest_contact).all()


def test_a_trajectory_of_another_molecule_is_refused(water):
    with pytest.raises(RunDirectoryError, match=r"\(2, 3, 3\)"):
        analyse(water, np.zeros((2, 4, 3)))


@pytest.fixture
def two_hydrogens():
    """Two H2 molecules in a box of 10 Å."""
    positions = np.array([[0.2, 5, 5], [0.95, 5, 5], [5, 5, 5], [5.75, 5, 5]])
    return MolecularSystem(
        name="hydrogen",
        atomic_numbers=np.ones(4, dtype=int),
        positions_angstrom=positions,
        cell_angstrom=10.0 * np.eye(3),
    )


def test_a_contact_across_the_border_joins_two_molecules(two_hydrogens):
    near = np.array(two_hydrogens.positions_angstrom)
    near[2:, 0] += 4.5  # 10.25 Å is 0.05 Å from the image of the first atom
    torn = np.array(two_hydrogens.positions_angstrom)
    torn[1, 0] += 0.6
    frames = np.stack([two_hydrogens.positions_angstrom, near, torn])
    lengths, fragments, contacts = measure_structure(
        frames, system=two_hydrogens, limits=DEFAULT_LIMITS
    )
    np.testing.assert_allclose(lengths[:, 0], [0.75, 0.75, 1.35])
    assert fragments.tolist() == [2, 1, 3]
    assert contacts[0] == BOND_FACTOR
    assert contacts[1] < 0.5


@pytest.mark.parametrize("cell", [8.0 * np.eye(3), SKEWED], ids=["upright", "skewed"])
def test_pairs_in_a_box_are_those_of_the_nearest_images(cell):
    positions = np.random.default_rng(2).uniform(-5.0, 12.0, size=(20, 3))
    pairs, distances = pairs_within(positions, cutoff_angstrom=2.5, cell_angstrom=cell)
    shifts = np.stack(np.meshgrid(*[np.arange(-5, 6)] * 3, indexing="ij"), -1).reshape(-1, 3)
    first, second = np.triu_indices(20, k=1)
    apart = (positions[first] - positions[second])[:, None] + shifts @ cell
    nearest = np.linalg.norm(apart, axis=2).min(axis=1)
    within = nearest <= 2.5
    assert pairs.tolist() == np.stack([first, second], axis=1)[within].tolist()
    np.testing.assert_allclose(distances, nearest[within])
