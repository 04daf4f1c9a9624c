import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.probes.surface.short_range_repulsion import (
    ASIDE_ANGSTROM,
    probe_short_range_repulsion,
    push_together,
)
from openmm_mlff.selftest.oracles.pair import switched, wells_of


def test_two_atoms_alone_follow_their_well(healthy, probed):
    outcome = probe_short_range_repulsion(probed(healthy))
    assert outcome.data["pairs"] == ["H–H", "O–H", "O–O"]
    distances = outcome.arrays["distances_angstrom_1"]
    wells = wells_of(np.array([8, 1]), np.array([[0, 1]]), seed=0)
    expected, _ = switched(distances[:, None], wells)
    np.testing.assert_allclose(outcome.arrays["energies_ev_1"], expected[:, 0], atol=1e-9)
    assert distances[0] == pytest.approx(0.3)
    assert distances[-1] == pytest.approx(0.97, abs=0.011)


def test_inside_a_molecule_only_its_own_pairs_are_pushed(fixed_atoms, probed):
    outcome = probe_short_range_repulsion(probed(fixed_atoms))
    assert outcome.data["pairs"] == ["H–H", "O–H"]
    assert outcome.data["in_the_molecule"] is True


def test_a_bonded_atom_moves_along_its_bond():
    water = load_system("water")
    placed = push_together(water, pair=(0, 1), distances_angstrom=np.array([0.3, 0.9]))
    np.testing.assert_allclose(placed[:, [0, 2]], np.stack([water.positions_angstrom[[0, 2]]] * 2))
    assert np.linalg.norm(placed[:, 1] - placed[:, 0], axis=1) == pytest.approx([0.3, 0.9])


def test_an_unbonded_pair_is_taken_out_first():
    water = load_system("water")
    placed = push_together(water, pair=(1, 2), distances_angstrom=np.array([0.3, 0.5]))
    assert np.linalg.norm(placed[:, 1] - placed[:, 2], axis=1) == pytest.approx([0.3, 0.5])
    aside = np.linalg.norm(placed[:, 1:] - placed[:, :1], axis=2)
    assert (aside > ASIDE_ANGSTROM).all()
