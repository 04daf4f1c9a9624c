import numpy as np
import pytest

from openmm_mlff.selftest.oracles.pair import CUTOFF_ANGSTROM, PairOracle


def test_nothing_is_left_beyond_the_cutoff(water):
    surface = PairOracle(seed=0).surface(np.array([8, 8]))
    apart = np.zeros((3, 2, 3))
    apart[:, 1, 0] = [CUTOFF_ANGSTROM - 1e-3, CUTOFF_ANGSTROM, CUTOFF_ANGSTROM + 1.0]
    energies, forces = surface(apart)
    assert abs(energies[0]) < 1e-10
    assert (energies[1:] == 0.0).all()
    assert (forces[1:] == 0.0).all()


@pytest.mark.parametrize("pair", [(1, 1), (1, 8), (8, 8), (6, 1), (6, 8), (7, 7)])
def test_contact_is_repulsive_for_every_pair(pair):
    surface = PairOracle(seed=3).surface(np.array(pair))
    placed = np.zeros((50, 2, 3))
    placed[:, 1, 0] = np.linspace(0.3, 2.5, 50)
    energies, _ = surface(placed)
    assert energies[0] - energies.min() > 5.0
    assert (np.diff(energies[: energies.argmin()]) < 0.0).all()


def test_a_small_skewed_box_counts_every_image():
    cell = np.array([[4.2, 0.0, 0.0], [1.5, 5.0, 0.0], [-1.0, 2.0, 6.0]])
    numbers = np.array([29, 8, 1])
    positions = np.random.default_rng(0).uniform(size=(3, 3)) @ cell
    box = PairOracle(seed=0).surface(numbers, cell_angstrom=cell)

    # A cluster of all images within reach: the box feels half of each pair that leaves it.
    images = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    placed = positions + (images @ cell)[:, None]
    apart = np.linalg.norm(placed[:, :, None] - positions, axis=-1)
    images = images[apart.min(axis=(1, 2)) < CUTOFF_ANGSTROM + 0.1]
    images = images[np.argsort(np.abs(images).sum(axis=1), kind="stable")]
    cluster = np.concatenate(positions + (images @ cell)[:, None])
    many = PairOracle(seed=0).surface(np.tile(numbers, len(images)))
    without = PairOracle(seed=0).surface(np.tile(numbers, len(images) - 1))
    alone = PairOracle(seed=0).surface(numbers)
    inside = alone(positions[None])[0][0]
    outside = many(cluster[None])[0][0] - without(cluster[None, 3:])[0][0] - inside

    energies, forces = box(positions[None])
    assert energies[0] == pytest.approx(inside + 0.5 * outside)
    np.testing.assert_allclose(forces[0], many(cluster[None])[1][0, :3], atol=1e-9)
