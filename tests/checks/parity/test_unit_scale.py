"""Bonds of typical stiffness pass; slips of units are found and named."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from openmm_mlff.checks.parity.unit_scale import (
    CHECK,
    MOST_BONDS,
    Record,
    chosen_bonds,
    typical_stiffness,
)
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults.plant import everywhere, result
from openmm_mlff.selftest.oracles import healthy

LENGTH_ANGSTROM = 0.96
TAKEN = "as if {} were taken for {}".format


@pytest.mark.parametrize(
    ("factor", "status", "slip"),
    [(1.0, Status.PASS, ""), (1 / 4.184, Status.FAIL, TAKEN("kcal/mol", "kJ/mol"))],
)
def test_energies_in_another_unit_are_found(measured, make_subject, water, factor, status, slip):
    scale = everywhere(result(lambda energies, forces, s: (s * energies, s * forces)))
    potential = scale(healthy("bonded", molecule=water, seed=0), factor)
    found = measured(make_subject(potential, water))
    assert found.status is status
    assert found.evidence["nearest_slip"] == slip


@pytest.mark.parametrize(
    ("crystal", "bonds"),
    [
        (bulk("Na", "bcc", a=4.29, cubic=True), 0),
        (bulk("Cu", cubic=True), 0),
        (bulk("LiF", "rocksalt", a=4.03, cubic=True), 0),
        (bulk("NaCl", "rocksalt", a=5.64, cubic=True), 0),
        (bulk("MgO", "rocksalt", a=4.21, cubic=True), 0),
        (bulk("FeO", "rocksalt", a=4.30, cubic=True), 0),
        (bulk("Si", cubic=True), MOST_BONDS),
    ],
    ids=lambda value: value.get_chemical_formula() if isinstance(value, Atoms) else "",
)
def test_metals_and_salts_have_no_covalent_bond_and_silicon_has(crystal, bonds):
    molecule = MolecularSystem(
        "crystal", crystal.numbers, crystal.positions, cell_angstrom=np.array(crystal.cell)
    )
    # Nearest neighbours only: no two cations, and no two anions; alkali ions have no bonds.
    kinds = {tuple(sorted(molecule.atomic_numbers[list(pair)])) for pair in molecule.bonds}
    neighbours = tuple(np.unique(molecule.atomic_numbers)[[0, -1]])
    assert kinds == (set() if neighbours in {(3, 9), (11, 17)} else {neighbours})
    assert len(chosen_bonds(molecule)) == bonds


def test_bonds_to_metals_are_left_out_and_the_others_spread_over_pairs_of_elements():
    methyllithium = MolecularSystem(
        "methyllithium",
        np.array([6, 3, 1, 1, 1]),
        np.array([[0, 0, 0], [0, 0, 1.96], [1.03, 0, -0.4], [-0.5, 0.9, -0.4], [-0.5, -0.9, -0.4]]),
    )
    assert (0, 1) in methyllithium.bonds
    assert chosen_bonds(methyllithium).tolist() == [[0, 2], [0, 3], [0, 4]]
    molecule = load_system("alanine_dipeptide")
    bonds = chosen_bonds(molecule)
    kinds = [
        {tuple(sorted(pair)) for pair in molecule.atomic_numbers[np.array(pairs)].tolist()}
        for pairs in (bonds, molecule.bonds)
    ]
    assert kinds[0] == kinds[1]
    assert len({tuple(bond) for bond in bonds.tolist()}) == MOST_BONDS < len(molecule.bonds)


def test_a_bond_through_a_face_of_the_box_is_that_to_the_nearest_image(make_subject, water):
    box = water.with_cell(np.array([[8.0, 0.0, 0.0], [1.0, 9.0, 0.0], [0.5, 2.0, 10.0]]))
    oxygen, first, second = box.positions_angstrom
    moved = np.array([oxygen, first + box.cell_angstrom[2], second - box.cell_angstrom[1]])
    potential = healthy("bonded", molecule=water, seed=0)
    subject = make_subject(potential, box.with_positions(moved))
    subject._measured["molecule"] = box.with_positions(moved)
    expected = np.linalg.norm(box.positions_angstrom[1:] - oxygen, axis=1)
    assert CHECK.measure(subject).lengths_angstrom == pytest.approx(expected)


@pytest.fixture
def judge_water(judge):
    """Judge two bonds of water whose stiffness and length are off by factors."""

    def call(stiffness=1.0, *, length=1.0, refused=(False, False)):
        elements = np.array([[8, 1], [8, 1]])
        lengths = np.full(2, LENGTH_ANGSTROM)
        record = Record(
            elements=elements,
            lengths_angstrom=lengths * length,
            stiffness_ev_per_angstrom2=typical_stiffness(elements, lengths) * stiffness / length**2,
            refused=np.array(refused),
        )
        return judge(record)

    return call


@pytest.mark.parametrize(
    ("off", "status"),
    [
        *((off, Status.PASS) for off in (0.6, 0.9, 1.0, 1.2, 1.9)),
        # What no slip explains.
        *((off, Status.FAIL) for off in (0.33, 0.46, 2.5, 6.0, -1.0, np.nan)),
    ],
)
def test_a_model_in_the_right_units_has_no_slip(judge_water, off, status):
    judgement = judge_water(off)
    assert judgement.status is status
    assert judgement.evidence["nearest_slip"] == ""
    assert judgement.evidence["stiffness_ratio"] == pytest.approx(max(off, 0.0), nan_ok=True)
    assert judge_water(off, refused=(True, False)).status is Status.INCONCLUSIVE


@pytest.mark.parametrize("model", [0.75, 1.0, 1.3])
@pytest.mark.parametrize(
    ("energy", "length", "slip"),
    [
        (1 / 4.184, 1.0, TAKEN("kcal/mol", "kJ/mol")),
        (4.184, 1.0, TAKEN("kJ/mol", "kcal/mol")),
        (1 / 96.485, 1.0, TAKEN("eV", "kJ/mol")),
        (96.485, 1.0, TAKEN("kJ/mol", "eV")),
        (1 / 2625.5, 1.0, TAKEN("hartree", "kJ/mol")),
        (1.0, 10.0, TAKEN("Å", "nm")),
        (1.0, 0.1, TAKEN("nm", "Å")),
        (1.0, 1.8897, TAKEN("bohr", "Å")),
        (1 / 96.485, 10.0, f"{TAKEN('Å', 'nm')} and {TAKEN('eV', 'kJ/mol')}"),
        (96.485, 10.0, f"{TAKEN('Å', 'nm')} and {TAKEN('kJ/mol', 'eV')}"),
        (1 / 96.485, 4.0, TAKEN("eV", "kJ/mol")),
    ],
)
def test_a_slip_fails_and_is_named(judge_water, energy, length, slip, model):
    judgement = judge_water(energy * model, length=length)
    assert judgement.status is Status.FAIL
    assert judgement.evidence["nearest_slip"] == slip
    assert f"({slip})" in judgement.clause


@pytest.mark.parametrize("energy", [27.211, 1 / 27.211])
def test_slips_that_are_alike_are_both_named(judge_water, energy):
    slip = judge_water(energy).evidence["nearest_slip"]
    assert all(part in slip for part in (", or ", "hartree", "kcal/mol"))


def test_typical_stiffness_is_that_of_known_bonds():
    # mdyn/Å of H2, HCl, CO, C–C of ethane, O–H of water, N2.
    elements = np.array([[1, 1], [17, 1], [6, 8], [6, 6], [1, 8], [7, 7]])
    lengths = np.array([0.741, 1.275, 1.128, 1.535, 0.958, 1.098])
    known = np.array([5.75, 5.16, 19.0, 4.5, 8.45, 22.9])
    ratios = typical_stiffness(elements, lengths) / (known * 6.241509)
    assert np.abs(np.log(ratios)).max() < np.log(1.35)
