"""Two distant copies are twice one, unless the energy knows the whole system."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.size_extensivity import CHECK, Record, measure
from openmm_mlff.molecules import load_system, two_copies
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.units import COULOMB_CONSTANT_EV_ANGSTROM


@pytest.mark.parametrize("name", ["water", "alanine"])
def test_a_sum_over_pairs_passes(of_healthy, name):
    result = of_healthy(CHECK, "pair", molecule=name)
    assert result.status is Status.PASS
    assert result.value < 1e-6


def test_a_planted_global_term_fails(of_faulty):
    result = of_faulty(CHECK, "global term")
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_a_term_that_counts_all_atoms_shows_by_its_size(with_term, geometries_of, water):
    def squared(positions):
        return np.full(len(positions), 1e-4 * positions.shape[1] ** 2), np.zeros_like(positions)

    record = measure(geometries_of(with_term(squared), water))
    # At any distance, (2N)² − 2 N² = 2 N² with N = 3.
    np.testing.assert_allclose(record.energy_excess_ev, 1e-4 * 18.0, atol=1e-9)
    assert np.abs(record.force_changes).max() < 1e-9


def test_boxes_and_built_in_atoms_are_not_asked(
    measured, make_subject, water, argon, lennard_jones
):
    bonded = healthy("bonded", molecule=water, seed=0)
    assert measured(CHECK, make_subject(bonded, water)).status is Status.NOT_APPLICABLE
    assert measured(CHECK, make_subject(lennard_jones(), argon)).status is Status.NOT_APPLICABLE


def test_two_copies_keep_bonds_and_charge():
    pair = two_copies(load_system("water"), shift_angstrom=[50.0, 0.0, 0.0])
    assert (pair.n_atoms, pair.fragments, pair.charge) == (6, 2, 0)
    assert set(pair.bonds) == {(0, 1), (0, 2), (3, 4), (3, 5)}


@pytest.mark.parametrize("name", ["smiles:[NH4+]", "smiles:CC(=O)[O-]", "smiles:C[N+](C)(C)C"])
def test_ions_with_long_range_pass(measured, geometries_of, name):
    pytest.importorskip("tblite")
    potential = load_potential("ase:tblite.ase:TBLite?method=GFN2-xTB")
    result = measured(CHECK, geometries_of(potential, load_system(name)))
    assert result.status is Status.PASS
    assert result.evidence["has_long_range"]
    # The charges' quadrupoles, and nothing slower.
    rest_mev = np.array(result.evidence["rest_mev"])
    assert np.log2(rest_mev[:-1] / rest_mev[1:]) == pytest.approx([3.0, 3.0], abs=0.1)


def test_an_ion_of_a_model_without_long_range_passes(measured, geometries_of):
    molecule = load_system("smiles:[NH4+]")
    potential = healthy("pair", molecule=molecule, seed=0)
    result = measured(CHECK, geometries_of(potential, molecule))
    assert result.status is Status.PASS
    assert not result.evidence["has_long_range"]


DISTANCES = np.array([50.0, 100.0, 200.0])


def coulomb_ev(charge):
    return charge**2 * COULOMB_CONSTANT_EV_ANGSTROM / DISTANCES


@pytest.mark.parametrize(
    ("charge", "excess_ev", "force", "status"),
    [
        (0, 0.0 * DISTANCES, 0.0, Status.PASS),
        (0, np.full(3, 9e-4), 0.0, Status.PASS),
        (0, np.full(3, -3e-3), 0.0, Status.FAIL),
        # Two large dipoles, 36 meV at 50 Å, and the same with a constant beside it.
        (0, 4500.0 / DISTANCES**3, 0.0, Status.PASS),
        (0, 4500.0 / DISTANCES**3 + 2e-3, 0.0, Status.FAIL),
        # Charges that nobody asked for.
        (0, coulomb_ev(1), 0.0, Status.FAIL),
        (1, coulomb_ev(1), 0.0, Status.PASS),
        (-2, coulomb_ev(2) + 150.0 / DISTANCES**3, 0.0, Status.PASS),
        (1, coulomb_ev(1) + 2e-3, 0.0, Status.FAIL),
        (1, 0.5 * coulomb_ev(1), 0.0, Status.FAIL),
        (1, 0.0 * DISTANCES, 0.0, Status.PASS),
        (0, np.array([0.0, np.nan, 0.0]), 0.0, Status.FAIL),
        (0, coulomb_ev(0), np.full(3, 8e-4), Status.PASS),
        (0, coulomb_ev(0), np.full(3, 3e-3), Status.FAIL),
        (1, coulomb_ev(1), 0.5 * coulomb_ev(1) / DISTANCES, Status.PASS),
        (1, coulomb_ev(1), 0.5 * coulomb_ev(1) / DISTANCES + 2e-3, Status.FAIL),
    ],
)
def test_what_is_left_must_vanish(limits, record_of, charge, excess_ev, force, status):
    record = record_of(charge=charge, excess_ev=excess_ev, force=force)
    assert CHECK.judge(record, limits("size_extensivity")).status is status


@pytest.mark.parametrize(
    ("excess_ev", "status"), [(3e-3, Status.INCONCLUSIVE), (3e-2, Status.FAIL)]
)
def test_a_difference_within_the_noise_of_energies_is_undecided(
    limits, record_of, excess_ev, status
):
    record = record_of(excess_ev=np.full(3, excess_ev), energy_noise_ev=5e-4)
    assert CHECK.judge(record, limits("size_extensivity")).status is status


@pytest.fixture
def record_of(without_noise):
    """Make a record of two geometries, of which the second has the differences given."""

    def make(*, excess_ev, charge=0, force=0.0, **changes):
        forces = np.zeros((3, 2, 2, 3, 3))
        forces[:, 1, 0, 2, 1] = force
        return Record(
            charge=charge,
            distances_angstrom=DISTANCES,
            energy_excess_ev=np.stack([coulomb_ev(charge) * bool(np.any(excess_ev)), excess_ev], 1),
            force_changes=forces,
            refused=np.zeros((3, 2), dtype=bool),
            **(without_noise | changes),
        )

    return make
