"""Every atom of a healthy potential responds; one that is ignored is found."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.every_atom_counts import (
    CHECK,
    MOST_ATOMS,
    Record,
    chosen_atoms,
)
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy


@pytest.mark.parametrize("name", ["water", "methane", "alanine_dipeptide", "smiles:N#N"])
def test_atoms_of_a_healthy_potential_count(measured, subject_at, name):
    molecule = load_system(name)
    result = measured(CHECK, subject_at(healthy("pair", molecule=molecule, seed=0), molecule))
    assert result.status is Status.PASS
    assert result.value > result.threshold


def test_a_symmetric_place_has_no_force_and_responds_all_the_same(measured, subject_at, copper):
    potential = load_potential("ase:ase.calculators.emt:EMT")
    result = measured(CHECK, subject_at(potential, copper))
    assert result.status is Status.PASS


@pytest.mark.parametrize("name", ["water", "alanine_dipeptide"])
def test_an_element_that_is_ignored_fails(measured, subject_at, name):
    fault, molecule = get_fault("ghost atom"), load_system(name)
    potential = fault.plant(healthy(fault.parent, molecule=molecule, seed=0), fault.gross)
    result = measured(CHECK, subject_at(potential, molecule))
    assert result.status is Status.FAIL
    assert result.value == 0.0
    assert "displacing O" in result.message


def test_an_element_taken_for_another_fails(measured, subject_at, water):
    potential = healthy("pair", molecule=water, seed=0)
    surface = potential.surface
    # As a table of indices does that ends in the same row for both.
    potential.surface = lambda numbers, **box: surface(np.full_like(numbers, 8), **box)
    result = measured(CHECK, subject_at(potential, water))
    assert result.status is Status.FAIL
    assert "replacing" in result.message


def test_an_energy_that_does_not_follow_its_forces_fails(measured, subject_at, water):
    potential = healthy("pair", molecule=water, seed=0)
    surface = potential.surface

    def still(numbers, **box):
        def evaluate(positions):
            _, forces = surface(numbers, **box)(positions)
            return np.full(len(positions), -5.0 * numbers.sum()), forces

        return evaluate

    potential.surface = still
    assert measured(CHECK, subject_at(potential, water)).status is Status.FAIL


def test_an_atom_beyond_every_cutoff_is_no_fault_where_it_would_respond(
    measured, subject_at, water
):
    far = MolecularSystem(
        "water and argon",
        np.append(water.atomic_numbers, 18),
        np.concatenate([water.positions_angstrom, [[12.0, 0.0, 0.0]]]),
    )
    result = measured(CHECK, subject_at(healthy("pair", molecule=far, seed=0), far))
    assert result.status is Status.PASS


def test_a_single_atom_is_not_asked(measured, subject_at, one_atom):
    potential = healthy("pair", molecule=one_atom, seed=0)
    assert measured(CHECK, subject_at(potential, one_atom)).status is Status.NOT_APPLICABLE


def test_atoms_built_in_are_displaced_only(fixed_composition, subject_at, water):
    record = CHECK.measure(subject_at(fixed_composition(water), water))
    assert len(record.atoms) == 3
    assert record.exchanges == ()


def test_a_sample_has_every_element_and_the_ml_part():
    numbers = np.array([8, 1, 1] * 500 + [6, 6, 1])
    chosen = chosen_atoms(numbers, first=np.array([1500, 1501, 1502]))
    assert len(chosen) == len(set(chosen.tolist())) == MOST_ATOMS
    assert set(numbers[chosen]) == {1, 6, 8}
    assert {1500, 1501, 1502} <= set(chosen.tolist())


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.PASS),
        ({"force_response": [0.0, 0.5, 0.5]}, Status.FAIL),
        ({"force_response": [1e-5, 0.5, 0.5], "near_response": [0.2] + 2 * [np.nan]}, Status.PASS),
        ({"force_response": [0.0, 0.5, 0.5], "near_response": [0.0] + 2 * [np.nan]}, Status.FAIL),
        ({"energy_response_ev": [0.0, 0.05, 0.05]}, Status.FAIL),
        # The work of a force at a symmetric place is not resolved.
        ({"energy_response_ev": [0.0, 0.05, 0.05], "work_ev": [0.0, 0.05, 0.05]}, Status.PASS),
        ({"exchange_energies_ev": [0.0]}, Status.FAIL),
        ({"exchange_energies_ev": [np.nan]}, Status.PASS),
        ({"refused": [True, True, False]}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(limits, without_noise, changes, status):
    fields = {
        "force_response": [0.5, 0.5, 0.5],
        "near_response": 3 * [np.nan],
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
    assert CHECK.judge(record, limits("every_atom_counts")).status is status
