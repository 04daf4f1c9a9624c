"""Two distant copies are twice one, unless the energy knows the whole system."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.size_extensivity import CHECK, Record
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import load_system, two_copies
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.units import COULOMB_CONSTANT_EV_ANGSTROM

AMMONIUM = load_system("smiles:[NH4+]")


def test_a_term_that_counts_all_atoms_shows_by_its_size(with_term, subject_at, water):
    def squared(positions):
        return np.full(len(positions), 1e-4 * positions.shape[1] ** 2), np.zeros_like(positions)

    record = CHECK.measure(subject_at(with_term(squared), water))
    # At any distance, (2N)² − 2 N² = 2 N² with N = 3.
    np.testing.assert_allclose(record.energy_excess_ev, 1e-4 * 18.0, atol=1e-9)
    assert np.abs(record.force_changes).max() < 1e-9


def test_boxes_and_built_in_atoms_are_not_asked(
    subject_at, fixed_composition, water, argon_box, lennard_jones
):
    for potential, molecule in ((fixed_composition(water), water), (lennard_jones(), argon_box)):
        assert isinstance(CHECK.measure(subject_at(potential, molecule)), NotApplicable)


def test_two_copies_keep_bonds_and_charge():
    pair = two_copies(load_system("water"), shift_angstrom=[50.0, 0.0, 0.0])
    assert (pair.n_atoms, pair.fragments, pair.charge) == (6, 2, 0)
    assert set(pair.bonds) == {(0, 1), (0, 2), (3, 4), (3, 5)}


@pytest.mark.parametrize("has_long_range", [True, False])
def test_an_ion_passes_with_long_range_and_without(measured, subject_at, has_long_range):
    if has_long_range:
        pytest.importorskip("tblite")
        potential = load_potential(GFN2_XTB)
    else:
        potential = healthy("pair", molecule=AMMONIUM, seed=0)
    result = measured(subject_at(potential, AMMONIUM, probes={"thermal_frames": 1}))
    assert result.status is Status.PASS
    assert result.evidence["has_long_range"] is has_long_range
    if has_long_range:
        # The charges' quadrupoles, and nothing slower.
        rest_mev = np.array(result.evidence["rest_mev"])
        assert np.log2(rest_mev[:-1] / rest_mev[1:]) == pytest.approx([3.0, 3.0], abs=0.1)


DISTANCES = np.array([50.0, 100.0, 200.0])
NOTHING = np.zeros(3)


def coulomb_ev(charge):
    return charge**2 * COULOMB_CONSTANT_EV_ANGSTROM / DISTANCES


@pytest.mark.parametrize(
    ("charge", "excess_ev", "force", "noise_ev", "status"),
    [
        (0, NOTHING + 9e-4, 0.0, 1e-7, Status.PASS),
        (0, NOTHING - 3e-3, 0.0, 1e-7, Status.FAIL),
        # Two large dipoles, 36 meV at 50 Å, and the same with a constant beside it.
        (0, 4500.0 / DISTANCES**3, 0.0, 1e-7, Status.PASS),
        (0, 4500.0 / DISTANCES**3 + 2e-3, 0.0, 1e-7, Status.FAIL),
        # Charges that nobody asked for.
        (0, coulomb_ev(1), 0.0, 1e-7, Status.FAIL),
        (1, coulomb_ev(1), 0.0, 1e-7, Status.PASS),
        (-2, coulomb_ev(2) + 150.0 / DISTANCES**3, 0.0, 1e-7, Status.PASS),
        (1, coulomb_ev(1) + 2e-3, 0.0, 1e-7, Status.FAIL),
        (1, 0.5 * coulomb_ev(1), 0.0, 1e-7, Status.FAIL),
        (1, NOTHING, 0.0, 1e-7, Status.PASS),
        (0, np.array([0.0, np.nan, 0.0]), 0.0, 1e-7, Status.FAIL),
        (0, NOTHING, np.full(3, 8e-4), 1e-7, Status.PASS),
        (0, NOTHING, np.full(3, 3e-3), 1e-7, Status.FAIL),
        (1, coulomb_ev(1), 0.5 * coulomb_ev(1) / DISTANCES, 1e-7, Status.PASS),
        (1, coulomb_ev(1), 0.5 * coulomb_ev(1) / DISTANCES + 2e-3, 1e-7, Status.FAIL),
        # A difference within the noise of energies.
        (0, NOTHING + 3e-3, 0.0, 5e-4, Status.INCONCLUSIVE),
        (0, NOTHING + 3e-2, 0.0, 5e-4, Status.FAIL),
    ],
)
def test_what_is_left_must_vanish(judge, without_noise, charge, excess_ev, force, noise_ev, status):
    """The second of two geometries has the differences given."""
    forces = np.zeros((3, 2, 2, 3, 3))
    forces[:, 1, 0, 2, 1] = force
    record = Record(
        charge=charge,
        distances_angstrom=DISTANCES,
        energy_excess_ev=np.stack([coulomb_ev(charge) * bool(np.any(excess_ev)), excess_ev], 1),
        force_changes=forces,
        refused=np.zeros((3, 2), dtype=bool),
        **(without_noise | {"energy_noise_ev": noise_ev}),
    )
    assert judge(record).status is status
