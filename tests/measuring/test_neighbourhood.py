"""Near pairs in a box: contacts across its borders, torn bonds, molecules that join."""

import numpy as np
import pytest

from openmm_mlff.measuring.neighbourhood import sparse_structure
from openmm_mlff.molecules import BOND_FACTOR, MolecularSystem
from openmm_mlff.molecules.bonds import pairs_within
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS

SKEWED = np.array([[6.0, 0.0, 0.0], [2.0, 6.5, 0.0], [-1.0, 2.0, 7.0]])


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
    lengths, fragments, contacts = sparse_structure(
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
