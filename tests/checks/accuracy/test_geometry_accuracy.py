"""A minimum with the reference's shape passes; stretched bonds and mirror images fail."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.geometry_accuracy import Record, superposed_rmsd
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle

WATER, ALANINE = load_system("water"), load_system("alanine")


@pytest.mark.parametrize(
    ("molecule", "factor", "status"), [(WATER, 1.05, Status.FAIL), (ALANINE, 1.0, Status.PASS)]
)
def test_bonds_too_long_are_found(measured, make_subject, stretched, molecule, factor, status):
    subject = make_subject(
        stretched(molecule, factor), molecule, reference=FieldOracle(molecule, seed=0)
    )
    result = measured(subject)
    assert (result.status, result.unit) == (status, "Å")
    ends = molecule.positions_angstrom[np.array(molecule.bonds)]
    longest = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).max()
    rmsd, bond = result.evidence["measures"]
    assert bond["value"] == pytest.approx((factor - 1.0) * longest, abs=2e-3)
    assert ("all-atom" if molecule is WATER else "heavy-atom") in rmsd["what"]


def test_a_reference_that_refuses_has_no_minimum(measured, make_subject, refusing, water):
    subject = make_subject(FieldOracle(water, seed=0), water, reference=refusing(water, {1}))
    result = measured(subject)
    assert not subject.reference_minimum.converged
    assert result.status is Status.INCONCLUSIVE
    assert "SCF not converged" in result.message


def elsewhere(positions):
    rotation = Rotation.from_rotvec([0.7, -1.9, 0.4]).as_matrix()
    return positions @ rotation.T + [5.0, -3.0, 2.0]


def with_bond(stretch_angstrom):
    placed = WATER.positions_angstrom.copy()
    bond = placed[1] - placed[0]
    placed[1] += stretch_angstrom * bond / np.linalg.norm(bond)
    return elsewhere(placed)


def with_hydrogen_mirrored():
    """Mirror a hydrogen through its carbon: the bond keeps its length, the shape does not."""
    placed = ALANINE.positions_angstrom.copy()
    hydrogen = int(np.flatnonzero(ALANINE.atomic_numbers == 1)[0])
    carbon = next(sum(bond) - hydrogen for bond in ALANINE.bonds if hydrogen in bond)
    placed[hydrogen] = 2 * placed[carbon] - placed[hydrogen]
    return placed


@pytest.mark.parametrize(
    ("molecule", "model", "changes", "status", "values"),
    [
        # Values are those of RMSD and bonds.
        (WATER, elsewhere(WATER.positions_angstrom), {}, Status.PASS, (0.0, 0.0)),
        (ALANINE, elsewhere(ALANINE.positions_angstrom), {}, Status.PASS, (0.0, 0.0)),
        (WATER, with_bond(0.02), {}, Status.PASS, (None, 0.02)),
        (WATER, with_bond(0.04), {}, Status.FAIL, (None, 0.04)),
        # Hydrogens do not count where there are enough heavy atoms.
        (ALANINE, with_hydrogen_mirrored(), {}, Status.PASS, (0.0, 0.0)),
        # The mirror image is another molecule.
        (ALANINE, ALANINE.positions_angstrom * [1, 1, -1], {}, Status.FAIL, (None, 0.0)),
        (WATER, np.full((3, 3), np.nan), {}, Status.FAIL, (np.nan, np.nan)),
        (WATER, None, {"model_largest_force": 0.02}, Status.INCONCLUSIVE, ()),
        (WATER, None, {"model_largest_force": np.nan}, Status.INCONCLUSIVE, ()),
        (WATER, None, {"largest_force": 0.02}, Status.INCONCLUSIVE, ()),
        (WATER, None, {"largest_force": np.nan, "reason": "no SCF"}, Status.INCONCLUSIVE, ()),
    ],
)
def test_what_decides(judge, molecule, model, changes, status, values):
    fields = {
        "reference": "ase:xtb",
        "model_positions_angstrom": molecule.positions_angstrom if model is None else model,
        "model_largest_force": 0.001,
        "positions_angstrom": molecule.positions_angstrom,
        "largest_force": 0.001,
        "atomic_numbers": molecule.atomic_numbers,
        "bonds": np.array(molecule.bonds),
    }
    judgement = judge(Record(**(fields | changes)))
    assert judgement.status is status
    for measure, value in zip(judgement.evidence.get("measures", ()), values, strict=True):
        if value is not None:
            assert measure["value"] == pytest.approx(value, abs=1e-10, nan_ok=True)
    if values == (None, 0.04):
        assert "O1–H2" in judgement.clause


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
