import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.measuring.trajectory import analyse_trajectory, measure_structure
from openmm_mlff.molecules import BOND_FACTOR, MolecularSystem, load_system
from openmm_mlff.molecules.bonds import pairs_within
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS

SUM_OF_RADII_HH = 2 * 0.31
SKEWED = np.array([[6.0, 0.0, 0.0], [2.0, 6.5, 0.0], [-1.0, 2.0, 7.0]])
WATER = load_system("water")
START = np.array(WATER.positions_angstrom)
LOST = np.where(np.arange(9).reshape(3, 3) == 7, np.nan, START)


def analyse(system, *positions):
    """Analyse geometries that follow upon the start."""
    frames = np.stack([system.positions_angstrom, *positions])
    return analyse_trajectory(frames, system=system, time_ps=np.arange(1.0, len(frames) + 1))


def stretched(factor, positions=START):
    """Stretch the first bond."""
    placed = np.array(positions)
    placed[1] = placed[0] + factor * (placed[1] - placed[0])
    return placed


def test_a_turned_molecule_is_the_same():
    rotation = Rotation.from_rotvec([0.3, -2.0, 1.1]).as_matrix()
    series = analyse(WATER, START @ rotation.T + np.array([20.0, -5.0, 3.0]))
    # MDTraj computes in float32 nanometres.
    assert series.rmsd_angstrom == pytest.approx([0.0, 0.0], abs=2e-3)
    np.testing.assert_allclose(*series.bond_lengths_angstrom, atol=1e-4)
    np.testing.assert_allclose(*series.radius_of_gyration_angstrom, atol=1e-4)
    assert list(series.fragments) == [1, 1]
    assert list(series.time_ps) == [1.0, 2.0]


def test_lengths_contacts_and_gyration_are_those_of_the_positions():
    series = analyse(WATER, stretched(1.2))
    oh, hh = np.linalg.norm(START[1] - START[0]), np.linalg.norm(START[1] - START[2])
    assert series.bond_lengths_angstrom[:, 0] == pytest.approx([oh, 1.2 * oh], abs=1e-5)
    assert series.closest_contact[0] == pytest.approx(hh / SUM_OF_RADII_HH, rel=1e-5)
    masses = WATER.masses_amu
    centred = START - np.average(START, axis=0, weights=masses)
    gyration = np.sqrt(np.average(np.sum(centred**2, axis=1), weights=masses))
    assert series.radius_of_gyration_angstrom[0] == pytest.approx(gyration, rel=1e-4)


def test_the_rmsd_of_a_breathing_dumbbell_is_exact():
    # Each end moves by half the change of the distance.
    hydrogen = MolecularSystem("H2", np.array([1, 1]), np.array([[0.0, 0, 0], [0.74, 0, 0]]))
    series = analyse(hydrogen, stretched(1.2, hydrogen.positions_angstrom))
    assert series.rmsd_angstrom[1] == pytest.approx(0.5 * 0.2 * 0.74, abs=1e-3)
    assert series.closest_contact[0] == np.inf


@pytest.mark.parametrize(
    ("placed", "fragments"),
    [
        # A bond holds until half as long again.
        (stretched(1.45), 1),
        (stretched(1.55), 2),
        (10.0 * START, 3),
        (LOST, 0),
    ],
)
def test_fragments_are_counted_and_frames_that_are_not_finite_marked(placed, fragments):
    series = analyse(WATER, placed, START)
    assert list(series.fragments) == [1, fragments, 1]
    is_whole = [True, fragments > 0, True]
    for name in ("rmsd_angstrom", "radius_of_gyration_angstrom"):
        assert list(np.isfinite(getattr(series, name))) == is_whole
    assert list(np.isfinite(series.bond_lengths_angstrom).all(axis=1)) == is_whole


@pytest.mark.parametrize(("distance", "fragments"), [(2.0, 2), (1.5, 1)])
def test_molecules_that_collide_become_one(distance, fragments):
    numbers = np.append(WATER.atomic_numbers, 10)
    far = MolecularSystem("pair", numbers, np.vstack([START, [0.0, 0.0, 8.0]]))
    away = START[0] - START[1:3].mean(axis=0)
    near = np.vstack([START, START[0] + distance * away / np.linalg.norm(away)])
    series = analyse(far, near)
    assert list(series.fragments) == [2, fragments]
    assert series.closest_contact[1] == pytest.approx(distance / (0.66 + 0.58), rel=1e-3)


def test_a_single_atom_has_no_bond_and_no_contact():
    neon = MolecularSystem("neon", np.array([10]), np.zeros((1, 3)))
    series = analyse(neon, *np.zeros((3, 1, 3)))
    assert series.bond_lengths_angstrom.shape == (4, 0)
    assert list(series.fragments) == [1] * 4
    assert np.isinf(series.closest_contact).all()


def test_a_trajectory_of_another_molecule_is_refused():
    with pytest.raises(RunDirectoryError, match=r"\(2, 3, 3\)"):
        analyse_trajectory(np.zeros((2, 4, 3)), system=WATER, time_ps=np.arange(2.0))


def test_a_contact_across_the_border_joins_two_molecules():
    """Two H2 molecules in a box of 10 Å."""
    start = np.array([[0.2, 5, 5], [0.95, 5, 5], [5, 5, 5], [5.75, 5, 5]])
    hydrogens = MolecularSystem("H2", np.ones(4, dtype=int), start, cell_angstrom=10.0 * np.eye(3))
    near, torn = start.copy(), start.copy()
    near[2:, 0] += 4.5  # 10.25 Å is 0.05 Å from the image of the first atom
    torn[1, 0] += 0.6
    lengths, fragments, contacts = measure_structure(
        np.stack([start, near, torn]), system=hydrogens, limits=DEFAULT_LIMITS
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


def test_bonds_cross_the_border_of_a_box():
    """H2 in a box of 6 Å, with a bond through a face, and an image of one atom."""
    start = np.array([[0.2, 3, 3], [5.45, 3, 3]])
    hydrogen = MolecularSystem("H2", np.ones(2, dtype=int), start, cell_angstrom=6.0 * np.eye(3))
    moved = start + np.array([[0, 0, 6.0], [-0.5, 0, 0]])
    lengths, fragments, _ = measure_structure(
        np.stack([start, moved]), system=hydrogen, limits=DEFAULT_LIMITS
    )
    np.testing.assert_allclose(lengths[:, 0], [0.75, 1.25])
    assert fragments.tolist() == [1, 2]
