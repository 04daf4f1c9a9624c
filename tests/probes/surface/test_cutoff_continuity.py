import numpy as np
import pytest

from openmm_mlff.probes.surface.cutoff_continuity import probe_cutoff_continuity
from openmm_mlff.probes.surface.jumps import common_distance
from openmm_mlff.selftest.oracles.pairs import PairSurface, every_pair

JUMP_EV = 0.005
AT_ANGSTROM = 4.321


def jumping(*, energy=JUMP_EV, slope=0.0):
    """Every pair nearer than 4.321 Å has a little more energy, or is pushed by a constant force."""

    def term(positions):
        n_atoms = positions.shape[1]
        pairs = every_pair(n_atoms)

        def radial(distances):
            inside = distances < AT_ANGSTROM
            return (
                inside * (energy + slope * (distances - AT_ANGSTROM)),
                inside * slope * np.ones_like(distances),
            )

        return PairSurface(n_atoms, pairs, radial)(positions)

    return term


def test_a_sound_potential_does_not_jump(healthy, probed):
    outcome = probe_cutoff_continuity(probed(healthy))
    assert outcome.data["jump_pairs"] == []
    assert [scan["kind"] for scan in outcome.data["scans"]] == ["dimer", "pair", "pair", "pair"]
    for k in range(4):
        coordinate = outcome.arrays[f"coordinate_{k}"]
        assert np.diff(coordinate) == pytest.approx(0.01)
        assert np.isfinite(outcome.arrays[f"energies_ev_{k}"]).all()


def test_a_jump_is_found_where_it_is_and_as_large_as_it_is(with_term, probed):
    outcome = probe_cutoff_continuity(probed(with_term(jumping())))
    arrays, pairs = outcome.arrays, outcome.data["jump_pairs"]
    # Nine pairs of atoms cross in the dimer, and one in each scan of two atoms.
    assert len(pairs) == 12
    np.testing.assert_allclose(arrays["jump_energy_ev"], JUMP_EV, rtol=1e-3)
    np.testing.assert_allclose(arrays["jump_distance_angstrom"], AT_ANGSTROM, atol=2e-6)
    assert set(pairs) == {"O–O", "O–H", "H–H"}
    # Bisection does not make it smaller.
    np.testing.assert_allclose(arrays["jump_history_ev"], JUMP_EV, rtol=0.05)


def test_a_kink_jumps_in_the_force_alone(with_term, probed):
    arrays = probe_cutoff_continuity(probed(with_term(jumping(energy=0.0, slope=0.2)))).arrays
    assert len(arrays["jump_scan"]) >= 3
    np.testing.assert_allclose(arrays["jump_force_ev_per_angstrom"], 0.2, rtol=0.02)
    assert arrays["jump_energy_ev"].max() < 1e-5


def test_forces_that_do_not_belong_to_the_energy_are_no_jump(with_term, probed):
    def swirl(positions):
        return np.zeros(len(positions)), 0.5 * np.roll(positions, 1, axis=2)

    arrays = probe_cutoff_continuity(probed(with_term(swirl))).arrays
    assert len(arrays["jump_scan"]) == 0


def test_a_file_with_its_atoms_is_scanned_inside_the_molecule(fixed_atoms, probed):
    outcome = probe_cutoff_continuity(probed(fixed_atoms))
    kinds = [scan["kind"] for scan in outcome.data["scans"]]
    assert kinds == ["breathing", "atom drawn apart", "atom drawn apart"]
    factors = outcome.arrays["coordinate_0"]
    assert (factors[0], factors[-1]) == pytest.approx((0.7, 3.0), abs=0.02)
    assert outcome.data["jump_pairs"] == []


def test_what_is_no_number_is_kept_as_such(with_term, probed):
    def lost(positions):
        far = np.linalg.norm(positions[:, 0] - positions[:, -1], axis=1) > 6.0
        return np.where(far, np.nan, 0.0), np.zeros_like(positions)

    arrays = probe_cutoff_continuity(probed(with_term(lost))).arrays
    assert np.isnan(arrays["energies_ev_0"]).any()
    assert not arrays["refused_0"].any()


def test_the_distance_that_jumps_share_is_the_cutoff():
    rng = np.random.default_rng(1)
    distances = [np.append(rng.uniform(2, 9, size=8), 5.0 + 1e-6 * k) for k in range(4)]
    assert common_distance(distances, tolerance_angstrom=1e-4) == pytest.approx(5.0, abs=1e-5)
    assert common_distance(distances[:1], tolerance_angstrom=1e-4) is None
    assert common_distance([np.array([3.0]), np.array([4.0])], tolerance_angstrom=1e-4) is None
