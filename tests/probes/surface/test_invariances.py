"""Translation, rotation, reflection, permutation: what a known term changes, and nothing else."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.probes.surface.invariance import apply_operation
from openmm_mlff.probes.surface.net_force_torque import probe_net_force_torque
from openmm_mlff.probes.surface.permutation_invariance import (
    exchanges,
    probe_permutation_invariance,
)
from openmm_mlff.probes.surface.reflection_invariance import probe_reflection_invariance
from openmm_mlff.probes.surface.rotation_invariance import probe_rotation_invariance
from openmm_mlff.probes.surface.size_extensivity import probe_size_extensivity, two_copies
from openmm_mlff.probes.surface.translation_invariance import probe_translation_invariance

INVARIANCES = [
    probe_translation_invariance,
    probe_rotation_invariance,
    probe_reflection_invariance,
    probe_permutation_invariance,
]


@pytest.mark.parametrize("probe", INVARIANCES)
@pytest.mark.parametrize("system", ["water", "methane", "alanine"])
def test_nothing_changes_for_a_sound_potential(probe, system, healthy, probed):
    arrays = probe(probed(healthy, system=system)).arrays
    assert arrays["energy_changes_ev"].shape[1] == 3  # the minimum and two distortions
    assert np.abs(arrays["energy_changes_ev"]).max() < 1e-9
    assert np.abs(arrays["force_changes"]).max() < 1e-8
    assert not arrays["refused"].any()


def test_a_field_does_work_on_a_molecule_that_is_shifted(with_term, probed):
    field = np.array([0.0, 0.0, 1e-3])

    def in_field(positions):
        return positions @ field @ np.ones(positions.shape[1]), np.broadcast_to(
            -field, positions.shape
        )

    arrays = probe_translation_invariance(probed(with_term(in_field))).arrays
    changes = arrays["energy_changes_ev"]
    # Three atoms, each shifted by at most the distance along z.
    allowed = 3e-3 * arrays["distances_angstrom"][:, None]
    assert (np.abs(changes) <= allowed * (1 + 1e-9)).all()
    assert np.ptp(changes, axis=1).max() < 1e-9
    assert np.abs(changes[1]).max() > 1e-3
    assert np.abs(arrays["force_changes"]).max() < 1e-8


def test_a_bowl_that_knows_directions_is_seen_by_turning(with_term, probed):
    weights = np.array([1e-3, 0.0, 0.0])

    def bowl(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        return (weights * centred**2).sum(axis=(1, 2)), -2.0 * weights * centred

    subject = probed(with_term(bowl))
    outcome = probe_rotation_invariance(subject)
    x = subject.molecule.positions_angstrom
    centred = x - x.mean(axis=0)
    # The first turn of the scan about z by 90 degrees puts y where x was.
    angles = outcome.arrays["scan_angles_degrees"]
    about_z = outcome.arrays["scan_energy_changes_ev"][2]
    expected = 1e-3 * (np.sum(centred[:, 1] ** 2) - np.sum(centred[:, 0] ** 2))
    assert about_z[np.flatnonzero(angles == 90.0)[0]] == pytest.approx(expected, abs=1e-9)
    # Turning about x changes nothing of a bowl along x.
    assert np.abs(outcome.arrays["scan_energy_changes_ev"][0]).max() < 1e-9
    assert np.abs(outcome.arrays["energy_changes_ev"]).max() > 1e-5


def test_handedness_changes_sign_in_the_mirror(with_term, probed):
    def handed(positions):
        arms = positions[:, 1:4] - positions[:, :1]
        volume = np.linalg.det(arms)
        slopes = np.stack(
            [np.cross(arms[:, (k + 1) % 3], arms[:, (k + 2) % 3]) for k in range(3)], axis=1
        )
        forces = np.zeros_like(positions)
        forces[:, 1:4] = -1e-3 * slopes
        forces[:, 0] = 1e-3 * slopes.sum(axis=1)
        return 1e-3 * volume, forces

    subject = probed(with_term(handed), system="methane")
    arrays = probe_reflection_invariance(subject).arrays
    arms = subject.geometries()[:, 1:4] - subject.geometries()[:, :1]
    expected = np.broadcast_to(-2e-3 * np.linalg.det(arms), (4, 3))
    np.testing.assert_allclose(arrays["energy_changes_ev"], expected, atol=1e-9)
    assert np.abs(probe_rotation_invariance(subject).arrays["energy_changes_ev"]).max() < 1e-9


def test_like_atoms_that_are_told_apart_are_seen(with_term, probed):
    weights = 1e-3 * np.arange(3)[:, None]

    def told_apart(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        forces = -2.0 * weights * centred
        return (weights * centred**2).sum(axis=(1, 2)), forces - forces.mean(axis=1, keepdims=True)

    subject = probed(with_term(told_apart))
    arrays = probe_permutation_invariance(subject).arrays
    centred = subject.geometries() - subject.geometries().mean(axis=1, keepdims=True)
    squares = np.sum(centred**2, axis=2)
    # Water's only exchange is that of its hydrogens, 1 and 2.
    expected = 1e-3 * (squares[:, 1] - squares[:, 2])
    np.testing.assert_allclose(
        arrays["energy_changes_ev"], np.broadcast_to(expected, (4, 3)), atol=1e-9
    )


def test_exchanges_leave_every_element_where_it_was():
    numbers = np.array([8, 1, 1, 6, 1])
    orders = exchanges(numbers, count=20, seed=1)
    assert (numbers[orders] == numbers).all()
    assert (orders != np.arange(5)).any(axis=1).all()


def test_a_molecule_without_like_atoms_has_nothing_to_exchange(healthy, probed):
    from openmm_mlff.molecules import MolecularSystem

    hydroxide = MolecularSystem("OH-", np.array([8, 1]), np.array([[0, 0, 0], [0, 0, 0.97]]), -1)
    outcome = probe_permutation_invariance(probed(healthy, molecule=hydroxide))
    assert outcome.data["applicable"] is False
    assert "no two atoms" in outcome.skipped


def test_turning_is_about_the_centroid():
    positions = np.random.default_rng(1).normal(size=(2, 4, 3)) + 7.0
    turn = Rotation.random(random_state=1).as_matrix()
    moved = apply_operation(positions, (turn, np.zeros(3)))
    np.testing.assert_allclose(moved.mean(axis=1), positions.mean(axis=1))
    moved = apply_operation(positions, (np.eye(3), np.array([1.0, 2.0, 3.0])))
    np.testing.assert_allclose(moved - positions, np.broadcast_to([1.0, 2.0, 3.0], (2, 4, 3)))


def test_forces_of_a_sound_potential_cancel(healthy, probed):
    arrays = probe_net_force_torque(probed(healthy, system="methane")).arrays
    assert np.abs(arrays["forces"].sum(axis=1)).max() < 1e-10
    assert np.abs(np.cross(arrays["positions_angstrom"], arrays["forces"]).sum(axis=1)).max() < 1e-9


def test_a_term_that_counts_all_atoms_is_no_sum(with_term, probed):
    def squared(positions):
        return np.full(len(positions), 1e-4 * positions.shape[1] ** 2), np.zeros_like(positions)

    arrays = probe_size_extensivity(probed(with_term(squared))).arrays
    # (2N)² − 2 N² = 2 N² with N = 3.
    np.testing.assert_allclose(arrays["energy_excess_ev"], 1e-4 * 18.0, atol=1e-9)
    assert np.abs(arrays["force_changes"]).max() < 1e-9


def test_two_molecules_cannot_be_asked_of_a_file_with_one(fixed_atoms, probed):
    outcome = probe_size_extensivity(probed(fixed_atoms))
    assert outcome.data["applicable"] is False
    assert "one molecule built in" in outcome.skipped


def test_two_copies_keep_bonds_and_charge(probed, healthy):
    water = probed(healthy).molecule
    pair = two_copies(water, apart_angstrom=50.0)
    assert pair.n_atoms == 6
    assert pair.fragments == 2
    assert set(pair.bonds) == {(0, 1), (0, 2), (3, 4), (3, 5)}


def test_a_refused_geometry_is_marked_and_the_others_are_kept(refusing, probed):
    subject = probed(refusing(lambda placed: placed[:, 0].mean() > 40.0))
    outcome = probe_translation_invariance(subject)
    refused = outcome.arrays["refused"]
    finite = np.isfinite(outcome.arrays["energy_changes_ev"])
    assert (finite == ~refused).all()
    assert outcome.data["refused"] == refused.sum()
    if refused.any():
        assert "SCF" in outcome.data["refusals"][0]
