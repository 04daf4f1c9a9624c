"""Every atom of a healthy potential responds; one that is ignored is found."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.every_atom_counts import CHECK, MOST_ATOMS, Record, chosen_atoms
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy


def test_a_symmetric_place_has_no_force_and_responds_all_the_same(measured, subject_at, copper):
    result = measured(subject_at(load_potential("ase:ase.calculators.emt:EMT"), copper))
    assert result.status is Status.PASS
    # The energy is the same on both sides, and has risen by the work.
    (ratio,) = (one for one in result.evidence["measures"] if one["unit"] == "ratio")
    assert ratio["value"] == pytest.approx(1.0, abs=0.1)


def taken_for_oxygen(surface):
    # As a table of indices does that ends in the same row for both.
    return lambda numbers, **box: surface(np.full_like(numbers, 8), **box)


def without_energy(surface):
    def still(numbers, **box):
        return lambda positions: (
            np.full(len(positions), -5.0 * numbers.sum()),
            surface(numbers, **box)(positions)[1],
        )

    return still


@pytest.mark.parametrize(
    ("spoil", "what"),
    [(taken_for_oxygen, "replacing"), (without_energy, "")],
    ids=["another element", "energy apart from its forces"],
)
def test_planted_faults_fail(measured, subject_at, water, spoil, what):
    potential = healthy("pair", molecule=water, seed=0)
    potential.surface = spoil(potential.surface)
    result = measured(subject_at(potential, water))
    assert result.status is Status.FAIL
    assert what in result.message


def test_an_atom_beyond_every_cutoff_is_no_fault(measured, subject_at, water):
    far = MolecularSystem(
        "water and argon",
        np.append(water.atomic_numbers, 18),
        np.concatenate([water.positions_angstrom, [[12.0, 0.0, 0.0]]]),
    )
    result = measured(subject_at(healthy("pair", molecule=far, seed=0), far))
    assert result.status is Status.PASS
    assert result.value > result.threshold


def test_atoms_built_in_are_displaced_only(fixed_composition, subject_at, water):
    record = CHECK.measure(subject_at(fixed_composition(water), water))
    assert (len(record.atoms), record.exchanges) == (3, ())


def test_a_sample_has_every_element_and_the_ml_part():
    numbers = np.array([8, 1, 1] * 500 + [6, 6, 1])
    chosen = chosen_atoms(numbers, first=np.array([1500, 1501, 1502]))
    assert len(chosen) == len(set(chosen.tolist())) == MOST_ATOMS
    assert set(numbers[chosen]) == {1, 6, 8}
    assert {1500, 1501, 1502} <= set(chosen.tolist())


LOST = [np.nan, np.nan]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"force_response": [0.0, 0.5, 0.5]}, Status.FAIL),
        ({"force_response": [1e-5, 0.5, 0.5], "near_response": [0.2, *LOST]}, Status.PASS),
        ({"force_response": [0.0, 0.5, 0.5], "near_response": [0.0, *LOST]}, Status.FAIL),
        ({"energy_response_ev": [0.0, 0.05, 0.05]}, Status.FAIL),
        # The work of a force at a symmetric place is not resolved.
        ({"energy_response_ev": [0.0, 0.05, 0.05], "work_ev": [0.0, 0.05, 0.05]}, Status.PASS),
        ({"exchange_energies_ev": [0.0]}, Status.FAIL),
        ({"exchange_energies_ev": [np.nan]}, Status.PASS),
        ({"refused": [True, True, False]}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(judge, without_noise, changes, status):
    fields = {
        "force_response": [0.5, 0.5, 0.5],
        "near_response": [np.nan, *LOST],
        "energy_response_ev": [0.05, 0.05, 0.05],
        "work_ev": [0.05, 0.05, 0.05],
        "refused": [False, False, False],
        "exchange_energies_ev": [5.0],
    }
    arrays = {name: np.array(values) for name, values in (fields | changes).items()}
    record = Record(
        symbols=("O", "H", "H"),
        atoms=np.arange(3),
        exchanges=("leaving O1 out",),
        **arrays,
        **without_noise,
    )
    assert judge(record).status is status
