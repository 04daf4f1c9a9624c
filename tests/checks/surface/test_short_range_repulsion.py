"""Walls pass, in a cell, too, where the system has one; holes and missing walls are found."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.short_range_repulsion import (
    ASIDE_ANGSTROM,
    CHECK,
    Record,
    pushed_together,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.defects import get_defect
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import switched, wells_of
from openmm_mlff.storage.measurements import NotApplicable

DISTANCES = np.arange(0.3, 0.97, 0.01)


@pytest.mark.parametrize("name", ["water", "smiles:[Ar]", "smiles:N#N"])
def test_a_wall_passes(measured, subject_at, name):
    molecule = load_system(name)

    result = measured(CHECK, subject_at(healthy("pair", molecule=molecule, seed=0), molecule))

    assert result.status is Status.PASS
    assert result.value > result.threshold


@pytest.mark.parametrize("strength", ["gross", "slight"])
@pytest.mark.parametrize(
    "name", ["hole at short range", "missing repulsion", "attraction at contact"]
)
def test_planted_faults_fail(measured, make_subject, name, strength):
    defect = get_defect(name)
    molecule = load_system(defect.system)
    sound = healthy(defect.kind, molecule=molecule, seed=0)

    potential = defect.plant(sound, getattr(defect, strength))
    result = measured(CHECK, make_subject(potential, molecule))

    assert result.status is Status.FAIL


def test_where_the_system_has_a_cell_the_pair_has_a_large_one(measured, subject_at, copper):
    cells = []
    potential = load_potential("ase:ase.calculators.emt:EMT")
    evaluate = potential.evaluate

    def watched(molecule, positions_angstrom, **options):
        if molecule.n_atoms == 2:
            cells.append(molecule.cell_angstrom)
        return evaluate(molecule, positions_angstrom, **options)

    potential.evaluate = watched
    result = measured(CHECK, subject_at(potential, copper))

    assert result.status is Status.PASS
    assert [pair["pair"] for pair in result.evidence["pairs"]] == ["Cu–Cu"]
    assert np.diag(cells[0]) == pytest.approx(np.full(3, 30.0))


def test_two_atoms_alone_follow_their_well(subject_at):
    water = load_system("water")

    record = CHECK.measure(subject_at(healthy("pair", molecule=water, seed=0), water))

    assert record.pairs == ("H–H", "O–H", "O–O")
    here = record.pair == 1
    wells = wells_of(np.array([8, 1]), np.array([[0, 1]]), seed=0)
    expected, _ = switched(record.distances_angstrom[here][:, None], wells)
    np.testing.assert_allclose(record.energies_ev[here], expected[:, 0], atol=1e-9)
    assert record.distances_angstrom[here][[0, -1]] == pytest.approx([0.3, 0.97], abs=0.011)


def test_fixed_atoms_are_pushed_together_in_the_molecule(fixed_composition, subject_at):
    water, argon = load_system("water"), load_system("smiles:[Ar]")

    assert CHECK.measure(subject_at(fixed_composition(water), water)).pairs == ("H–H", "O–H")
    found = CHECK.measure(subject_at(fixed_composition(argon), argon))
    assert isinstance(found, NotApplicable)


def test_a_force_field_is_not_asked(fixed_composition, subject_at):
    water = load_system("water")
    potential = fixed_composition(water)
    potential.has_force_field = True
    assert isinstance(CHECK.measure(subject_at(potential, water)), NotApplicable)


def test_bonded_atoms_stay_in_the_molecule_and_others_are_taken_out():
    water = load_system("water")
    distances = np.array([0.3, 0.9])
    bonded, unbonded = (
        pushed_together(water, pair, name="", distances_angstrom=distances).place(distances)
        for pair in ((0, 1), (1, 2))
    )

    assert np.linalg.norm(bonded[:, 1] - bonded[:, 0], axis=1) == pytest.approx(distances)
    assert bonded[:, 2] == pytest.approx(np.stack([water.positions_angstrom[2]] * 2))
    assert np.linalg.norm(unbonded[:, 1] - unbonded[:, 2], axis=1) == pytest.approx(distances)
    assert np.linalg.norm(unbonded[:, 1:] - unbonded[:, :1], axis=2).min() > ASIDE_ANGSTROM


def well():
    """Return a Morse curve, repulsive inside."""
    return 4.8 * ((1.0 - np.exp(-2.2 * (DISTANCES - 0.9))) ** 2 - 1.0)


def record_of(energies, *, refused=0, pairs=("O–H",)):
    mask = np.arange(len(DISTANCES)) < refused
    return Record(
        pairs=pairs,
        pair=np.zeros(len(DISTANCES), dtype=int),
        distances_angstrom=DISTANCES,
        energies_ev=np.where(mask, np.nan, energies),
        refused=mask,
        energy_noise_ev=1e-7,
        force_noise_ev_per_angstrom=1e-7,
    )


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (record_of(well()), Status.PASS),
        (record_of(0.1 * well()), Status.FAIL),
        (record_of(well() - 8.0 * np.exp(-(((DISTANCES - 0.5) / 0.05) ** 2))), Status.FAIL),
        (record_of(well() - 400.0 * np.maximum(0.4 - DISTANCES, 0.0)), Status.FAIL),
        (record_of(well() + 0.5 * np.exp(-(((DISTANCES - 0.93) / 0.01) ** 2))), Status.FAIL),
        (record_of(DISTANCES), Status.FAIL),
        (record_of(np.where(np.arange(len(DISTANCES)) == 7, np.nan, well())), Status.FAIL),
        (record_of(well(), refused=20), Status.INCONCLUSIVE),
        # Without the innermost point the height of the wall is not known.
        (record_of(well(), refused=2), Status.FAIL),
        (record_of(well(), pairs=()), Status.INCONCLUSIVE),
    ],
)
def test_what_decides(limits, record, status):
    assert CHECK.judge(record, limits("short_range_repulsion")).status is status


def test_evidence_has_heights_and_holes(limits):
    energies = well() - 8.0 * np.exp(-(((DISTANCES - 0.5) / 0.05) ** 2))
    (wall,) = CHECK.judge(record_of(energies), limits("short_range_repulsion")).evidence["pairs"]
    assert wall["hole_ev"] > 0.5
    assert wall["hole_angstrom"] == pytest.approx(0.5, abs=0.02)
    (sound,) = CHECK.judge(record_of(well()), limits("short_range_repulsion")).evidence["pairs"]
    assert sound["height_ev"] == pytest.approx(well()[0] - well().min())
