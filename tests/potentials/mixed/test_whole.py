import numpy as np
import pytest

from openmm_mlff.potentials.mixed.whole import WholeMolecules

SKEWED = np.array([[20.0, 0.0, 0.0], [6.0, 21.0, 0.0], [-5.0, 4.0, 22.0]])


@pytest.mark.parametrize("cell", [20.0 * np.eye(3), SKEWED])
def test_atoms_put_into_the_box_one_by_one_find_each_other(box_topology, box, cell):
    positions = box.positions_angstrom
    shifts = np.random.default_rng(1).integers(-2, 3, size=(box.n_atoms, 3))
    found = WholeMolecules(box_topology).placed(positions + shifts @ cell, cell_angstrom=cell)
    for first, second in box_topology.bonds():
        arm = found[first.index] - found[second.index]
        expected = positions[first.index] - positions[second.index]
        np.testing.assert_allclose(arm, expected, atol=1e-9)
    # Only box vectors were added.
    moved = (found - positions) @ np.linalg.inv(cell)
    np.testing.assert_allclose(moved, np.round(moved), atol=1e-9)


def test_whole_molecules_stay_to_the_last_bit(box_topology, box):
    whole = WholeMolecules(box_topology)
    found = whole.placed(box.positions_angstrom, cell_angstrom=box.cell_angstrom)
    np.testing.assert_array_equal(found, box.positions_angstrom)
