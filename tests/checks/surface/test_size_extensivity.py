"""Two distant copies are twice one, unless the energy knows the whole system."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.size_extensivity import CHECK, Record, measure
from openmm_mlff.molecules import load_system, two_copies
from openmm_mlff.results import Status
from openmm_mlff.selftest.defects import get_defect
from openmm_mlff.selftest.oracles import healthy


@pytest.mark.parametrize("name", ["water", "alanine"])
def test_a_sum_over_pairs_passes(measured, make_subject, name):
    molecule = load_system(name)
    potential = healthy("pair", molecule=molecule, seed=0)
    result = measured(CHECK, make_subject(potential, molecule))
    assert result.status is Status.PASS
    assert result.value < 1e-6


def test_a_planted_global_term_fails(measured, make_subject, water):
    defect = get_defect("global term")
    faulty = defect.plant(healthy(defect.kind, molecule=water, seed=0), defect.gross)
    result = measured(CHECK, make_subject(faulty, water))
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_a_term_that_counts_all_atoms_shows_by_its_size(with_term, geometries_of, water):
    def squared(positions):
        return np.full(len(positions), 1e-4 * positions.shape[1] ** 2), np.zeros_like(positions)

    record = measure(geometries_of(with_term(squared), water))
    # (2N)² − 2 N² = 2 N² with N = 3.
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


@pytest.mark.parametrize(
    ("excess_ev", "force", "status", "value", "unit"),
    [
        (9e-4, -8e-4, Status.PASS, 0.9, "meV"),
        (-3e-3, 0.0, Status.FAIL, 3.0, "meV"),
        (0.0, 3e-3, Status.FAIL, 3.0, "meV/Å"),
        (np.nan, 0.0, Status.FAIL, np.nan, "meV"),
    ],
)
def test_the_largest_difference_decides(
    limits, without_noise, excess_ev, force, status, value, unit
):
    forces = np.zeros((2, 2, 3, 3))
    forces[1, 0, 2, 1] = force
    record = Record(
        gap_angstrom=100.0,
        energy_excess_ev=np.array([0.0, excess_ev]),
        force_changes=forces,
        refused=np.zeros(2, dtype=bool),
        **without_noise,
    )
    judgement = CHECK.judge(record, limits("size_extensivity"))
    assert (judgement.status, judgement.unit) == (status, unit)
    assert judgement.value == pytest.approx(value, nan_ok=True)
