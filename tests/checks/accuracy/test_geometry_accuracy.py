import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.geometry_accuracy import geometry_accuracy, superposed_rmsd
from openmm_mlff.molecules import load_system
from openmm_mlff.records import Status


def turned(positions):
    rotation = Rotation.from_rotvec([0.7, -1.9, 0.4]).as_matrix()
    return positions @ rotation.T + [5.0, -3.0, 2.0]


@pytest.fixture
def judge(with_probe, criteria):
    def call(system, model, **data):
        asked = {
            "reference": "ase:xtb",
            "model_converged": True,
            "reference_converged": True,
            "reason": "",
        }
        arrays = {
            "model_positions_angstrom": model,
            "reference_positions_angstrom": system.positions_angstrom,
        }
        observations = with_probe(system, name="minimum", data=asked | data, arrays=arrays)
        return geometry_accuracy(observations, criteria("geometry_accuracy"))

    return call


@pytest.mark.parametrize("name", ["water", "alanine"])
def test_the_same_shape_elsewhere_passes(judge, name):
    system = load_system(name)
    result = judge(system, turned(system.positions_angstrom))
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.0, abs=1e-10)
    assert result.evidence["atoms"] == ("all-atom" if name == "water" else "heavy-atom")


@pytest.mark.parametrize(("stretch", "status"), [(0.02, Status.PASS), (0.04, Status.FAIL)])
def test_a_stretched_bond_is_found_and_named(judge, water, stretch, status):
    model = water.positions_angstrom.copy()
    bond = model[1] - model[0]
    model[1] += stretch * bond / np.linalg.norm(bond)
    result = judge(water, turned(model))
    assert result.status is status
    assert result.value == pytest.approx(stretch)
    assert result.evidence["worst_bond"] == "O0–H1"


def test_hydrogens_do_not_count_where_there_are_heavy_atoms_enough(judge):
    alanine = load_system("alanine")
    model = alanine.positions_angstrom.copy()
    hydrogen = int(np.flatnonzero(alanine.atomic_numbers == 1)[0])
    carbon = next(sum(b) - hydrogen for b in alanine.bonds if hydrogen in b)
    # Mirrored through the carbon: the bond keeps its length, the shape does not.
    model[hydrogen] = 2 * model[carbon] - model[hydrogen]
    result = judge(alanine, model)
    assert result.status is Status.PASS
    assert result.evidence["rmsd_angstrom"] == pytest.approx(0.0, abs=1e-10)


def test_the_mirror_image_is_another_molecule(judge):
    alanine = load_system("alanine")
    result = judge(alanine, alanine.positions_angstrom * [1.0, 1.0, -1.0])
    assert result.status is Status.FAIL
    assert "heavy-atom RMSD" in result.message


@pytest.mark.parametrize("whose", ["model", "reference"])
def test_a_minimisation_that_did_not_converge_decides_nothing(judge, water, whose):
    result = judge(
        water, water.positions_angstrom, **{f"{whose}_converged": False, "reason": "500 steps"}
    )
    assert result.status is Status.INCONCLUSIVE
    assert ("potential" if whose == "model" else "reference") in result.message
    assert "500 steps" in result.message


def test_without_a_reference_it_is_skipped_with_the_reason(judge, water):
    result = judge(water, water.positions_angstrom, reference=None, reason="--reference none")
    assert result.status is Status.SKIPPED
    assert "--reference none" in result.message


def test_positions_that_are_not_finite_fail(judge, water):
    assert judge(water, np.full((3, 3), np.nan)).status is Status.FAIL


def test_the_rmsd_is_that_of_the_best_rotation():
    # The best rotation is compared with one found by a search over random ones.
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 6, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    found = superposed_rmsd(x, reference=y)
    uniform = Rotation.from_quat(rng.normal(size=(20000, 4)))
    rotated = np.einsum("rij,nj->rni", uniform.as_matrix(), x)
    searched = np.sqrt(np.mean(np.sum((rotated - y) ** 2, axis=2), axis=1)).min()
    assert found <= searched < 1.02 * found


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        geometry_accuracy, system=water, name="minimum", limits=criteria("geometry_accuracy")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
