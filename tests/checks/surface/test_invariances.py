"""Checks of what must not change when the molecule is moved."""

import numpy as np
import pytest

from openmm_mlff.checks import get_check
from openmm_mlff.records import Status

OPERATIONS, GEOMETRIES = 5, 4
INVARIANCES = (
    "translation_invariance",
    "rotation_invariance",
    "reflection_invariance",
    "permutation_invariance",
)


@pytest.fixture
def judge(judged, noise):
    def call(check_id, *, energy_ev=0.0, force=0.0, at=(0, 0), refused=0):
        energies = np.zeros((OPERATIONS, GEOMETRIES))
        forces = np.zeros((OPERATIONS, GEOMETRIES, 3, 3))
        energies[at], forces[at][1, 2] = energy_ev, force
        mask = np.zeros(energies.shape, dtype=bool)
        mask.flat[-refused:] = refused > 0
        energies[mask], forces[mask] = np.nan, np.nan
        arrays = {"energy_changes_ev": energies, "force_changes": forces, "refused": mask}
        return judged(check_id, arrays=arrays | noise())

    return call


@pytest.mark.parametrize("check_id", INVARIANCES)
def test_nothing_changed_passes(judge, check_id):
    result = judge(check_id, energy_ev=2e-4, force=9e-4)
    assert result.status is Status.PASS
    limit = result.evidence["detection_limit"]
    # Three standard deviations of a difference of two numbers with noise of 1e-7 eV.
    assert limit["energy_mev_per_atom"] == pytest.approx(3 * 2**0.5 * 1e-4 / 3, rel=0.6)
    assert limit["forces_mev_per_angstrom"] == pytest.approx(3 * 2**0.5 * 1e-4, rel=0.4)


@pytest.mark.parametrize("check_id", INVARIANCES)
@pytest.mark.parametrize(
    ("change", "value", "unit"),
    [({"energy_ev": -4e-4}, 0.4 / 3, "meV/atom"), ({"force": 2e-3}, 2.0, "meV/Å")],
)
def test_a_change_above_its_limit_fails(judge, check_id, change, value, unit):
    result = judge(check_id, **change)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(value)
    assert result.unit == unit
    assert "water" in result.message


@pytest.mark.parametrize("check_id", INVARIANCES)
def test_what_is_no_number_fails(judge, check_id):
    assert judge(check_id, energy_ev=np.nan).status is Status.FAIL
    assert judge(check_id, force=np.inf).status is Status.FAIL


def test_a_thousand_angstrom_is_reported_and_decides_nothing(judge):
    assert judge("translation_invariance", energy_ev=1.0, at=(1, 0)).status is Status.FAIL
    far = judge("translation_invariance", energy_ev=1.0, at=(2, 0))
    assert far.status is Status.PASS
    assert far.evidence["energy_mev_per_atom_by_operation"][2] == pytest.approx(1000 / 3)


def test_few_refusals_are_named_and_many_leave_it_open(judge):
    few = judge("rotation_invariance", refused=4)
    assert few.status is Status.PASS
    assert "4 of 20 points were refused" in few.message
    many = judge("rotation_invariance", refused=5)
    assert many.status is Status.INCONCLUSIVE
    assert "refused 5 of 20" in many.message


@pytest.mark.parametrize("check_id", INVARIANCES)
def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria, check_id):
    missing, skipped, broken = probe_refusals(
        get_check(check_id).function, system=water, name=check_id, limits=criteria(check_id)
    )
    assert missing.status is Status.SKIPPED
    assert skipped.status is Status.SKIPPED
    assert broken.status is Status.ERROR
    assert broken.evidence["traceback"] == "line 7"
