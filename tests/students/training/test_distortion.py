import itertools

import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.training.distortion import crowded_positions, stretched_positions


class Still(np.random.Generator):
    """A generator without noise: only intended displacements remain."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))

    def normal(self, loc=0.0, scale=1.0, size=None):
        return np.zeros(size)


def distances(positions: np.ndarray) -> dict[tuple[int, int], float]:
    pairs = itertools.combinations(range(len(positions)), 2)
    return {(i, j): float(np.linalg.norm(positions[i] - positions[j])) for i, j in pairs}


@pytest.mark.parametrize("name", ["water", "ethanol", "benzene"])
@pytest.mark.parametrize("seed", range(3))
def test_one_bond_is_stretched_with_everything_attached_to_it(name, seed):
    molecule = load_system(name)
    before = distances(molecule.positions_angstrom)
    after = distances(stretched_positions(molecule, Still(seed)))
    changed = [bond for bond in molecule.bonds if abs(after[bond] / before[bond] - 1) > 1e-9]
    # In a ring one atom is pulled out, and all of its bonds change.
    in_a_ring = name == "benzene" and len(changed) > 1
    assert len(changed) == 1 or in_a_ring
    if not in_a_ring:
        assert 0.75 <= after[changed[0]] / before[changed[0]] <= 1.6


@pytest.mark.parametrize("name", ["water", "alanine"])
@pytest.mark.parametrize("seed", range(3))
def test_two_nonbonded_atoms_are_pushed_together(name, seed):
    molecule = load_system(name)
    before = molecule.positions_angstrom
    after = crowded_positions(molecule, Still(seed))
    moved = np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-12)
    assert len(moved) == 2
    first, second = (int(atom) for atom in moved)
    assert (first, second) not in molecule.bonds
    covalent_sum = sum(
        COVALENT_RADII_ANGSTROM[int(molecule.atomic_numbers[k])] for k in (first, second)
    )
    ratio = distances(after)[first, second] / covalent_sum
    assert 0.8 - 1e-9 <= ratio <= 1.5 + 1e-9
    np.testing.assert_allclose(after[moved].mean(axis=0), before[moved].mean(axis=0), atol=1e-12)
