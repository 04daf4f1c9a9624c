"""A minimum with the reference's shape passes; stretched bonds and mirror images fail."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.geometry_accuracy import CHECK, Record, superposed_rmsd
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pair import PairOracle


@pytest.mark.parametrize("name", ["water", "alanine"])
@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.05, Status.FAIL)])
def test_bonds_that_are_too_long_are_found(measured, make_subject, stretched, name, factor, status):
    molecule = load_system(name)
    reference = FieldOracle(molecule, seed=0)
    subject = make_subject(stretched(molecule, factor), molecule, reference=reference)
    result = measured(CHECK, subject)
    assert result.status is status
    assert result.unit == "Å"
    longest = max(
        np.linalg.norm(molecule.positions_angstrom[i] - molecule.positions_angstrom[j])
        for i, j in molecule.bonds
    )
    rmsd, bond = result.evidence["measures"]
    assert bond["value"] == pytest.approx((factor - 1.0) * longest, abs=2e-3)
    assert ("all-atom" if name == "water" else "heavy-atom") in rmsd["what"]


@pytest.mark.parametrize(("at", "converged"), [({1}, False), (set(), True)])
def test_a_reference_that_refuses_has_no_minimum(
    measured, make_subject, refusing, water, at, converged
):
    subject = make_subject(FieldOracle(water, seed=0), water, reference=refusing(water, at))
    result = measured(CHECK, subject)
    assert subject.reference_minimum.converged is converged
    assert result.status is (Status.PASS if converged else Status.INCONCLUSIVE)
    assert ("SCF not converged" in result.message) is not converged


def test_atoms_and_boxes_are_not_applicable(measured, make_subject, helium):
    box = MolecularSystem(
        "box",
        np.array([2, 2]),
        np.array([[0.0, 0.0, 0.0], [6.0, 6.0, 6.0]]),
        cell_angstrom=12.0 * np.eye(3),
    )
    for molecule in (helium, box):
        pair = PairOracle(seed=0)
        result = measured(CHECK, make_subject(pair, molecule, reference=pair))
        assert result.status is Status.NOT_APPLICABLE


def rotated(positions):
    rotation = Rotation.from_rotvec([0.7, -1.9, 0.4]).as_matrix()
    return positions @ rotation.T + [5.0, -3.0, 2.0]


@pytest.fixture
def judge(limits):
    def call(molecule, model, **changes):
        fields = {
            "reference": "ase:xtb",
            "model_positions_angstrom": model,
            "model_largest_force": 0.001,
            "positions_angstrom": molecule.positions_angstrom,
            "largest_force": 0.001,
            "atomic_numbers": molecule.atomic_numbers,
            "bonds": np.array(molecule.bonds),
        }
        return CHECK.judge(Record(**(fields | changes)), limits("geometry_accuracy"))

    return call


@pytest.mark.parametrize("name", ["water", "alanine"])
def test_the_same_shape_elsewhere_passes(judge, name):
    molecule = load_system(name)
    judgement = judge(molecule, rotated(molecule.positions_angstrom))
    assert judgement.status is Status.PASS
    assert judgement.value == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize(("stretch", "status"), [(0.02, Status.PASS), (0.04, Status.FAIL)])
def test_a_stretched_bond_is_found_and_named(judge, water, stretch, status):
    model = water.positions_angstrom.copy()
    bond = model[1] - model[0]
    model[1] += stretch * bond / np.linalg.norm(bond)
    judgement = judge(water, rotated(model))
    assert judgement.status is status
    assert judgement.value == pytest.approx(stretch)
    assert "O1–H2" in judgement.evidence["measures"][1]["what"]


def test_hydrogens_do_not_count_where_there_are_enough_heavy_atoms(judge):
    alanine = load_system("alanine")
    model = alanine.positions_angstrom.copy()
    hydrogen = int(np.flatnonzero(alanine.atomic_numbers == 1)[0])
    carbon = next(sum(b) - hydrogen for b in alanine.bonds if hydrogen in b)
    # Mirrored through the carbon: the bond keeps its length, the shape does not.
    model[hydrogen] = 2 * model[carbon] - model[hydrogen]
    judgement = judge(alanine, model)
    assert judgement.status is Status.PASS
    assert judgement.evidence["measures"][0]["value"] == pytest.approx(0.0, abs=1e-10)


def test_the_mirror_image_is_another_molecule(judge):
    alanine = load_system("alanine")
    judgement = judge(alanine, alanine.positions_angstrom * [1.0, 1.0, -1.0])
    assert judgement.status is Status.FAIL
    assert judgement.evidence["measures"][0]["value"] == judgement.value > 0.1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_largest_force": 0.02}, ["the potential"]),
        ({"model_largest_force": np.nan}, ["the potential"]),
        ({"largest_force": 0.02}, ["the reference"]),
        ({"largest_force": np.nan, "reason": "no SCF"}, ["the reference", "no SCF"]),
    ],
)
def test_without_both_minima_nothing_is_decided(judge, water, changes, words):
    judgement = judge(water, water.positions_angstrom, **changes)
    assert judgement.status is Status.INCONCLUSIVE
    assert all(word in judgement.clause for word in words)


def test_positions_that_are_not_finite_fail(judge, water):
    assert judge(water, np.full((3, 3), np.nan)).status is Status.FAIL


def test_the_rmsd_is_that_of_the_best_rotation():
    # The best rotation is compared with one found by a search over random ones.
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 6, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    found = superposed_rmsd(x, reference=y)
    uniform = Rotation.from_quat(rng.normal(size=(20000, 4)))
    all_rotated = np.einsum("rij,nj->rni", uniform.as_matrix(), x)
    searched = np.sqrt(np.mean(np.sum((all_rotated - y) ** 2, axis=2), axis=1)).min()
    assert found <= searched < 1.02 * found
