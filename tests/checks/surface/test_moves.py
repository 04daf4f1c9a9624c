"""What must not change when the system is moved: sound potentials, planted faults, edge cases."""

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.checks.surface.moves import Changes
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy

OPERATIONS, GEOMETRIES = 5, 4
INVARIANCES = [
    "translation_invariance",
    "reflection_invariance",
    "permutation_invariance",
    "rotation_invariance",
]
NITROGEN = MolecularSystem("nitrogen", np.array([7, 7]), np.array([[0, 0, 0], [0, 0, 1.4]]))


@pytest.mark.parametrize("molecule", [load_system("methane"), NITROGEN], ids=["methane", "linear"])
def test_a_sound_potential_passes_all(measured, make_subject, molecule):
    subject = make_subject(healthy("pair", molecule=molecule, seed=0), molecule)

    results = [measured(get_check(check_id), subject) for check_id in INVARIANCES]

    assert [result.status for result in results] == [Status.PASS] * 4
    assert max(result.value for result in results) < 1e-6


@pytest.mark.parametrize(
    "fault", ["external field", "absolute float32", "handedness", "unlike treatment", "anisotropy"]
)
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(get_check(get_fault(fault).check), fault)
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_one_atom_and_a_fixed_box_have_no_orientation(
    measured, make_subject, one_atom, argon, lennard_jones
):
    one = make_subject(lennard_jones(), one_atom)
    fixed = lennard_jones()
    fixed.box_is_free = False
    box = make_subject(fixed, argon)
    for check_id in ("rotation_invariance", "reflection_invariance"):
        assert measured(get_check(check_id), one).status is Status.NOT_APPLICABLE
        assert measured(get_check(check_id), box).status is Status.NOT_APPLICABLE
    assert measured(get_check("translation_invariance"), one).status is Status.PASS


def test_refused_geometries_are_marked_and_the_others_kept(geometries_of, refusing, water):
    subject = geometries_of(refusing(lambda placed: abs(placed[0]).max() > 40.0), water)

    record = get_check("translation_invariance").measure(subject)

    assert record.refused.tolist() == [[False] * 3, [True] * 3, [True] * 3]
    assert (np.isfinite(record.energy_changes_ev) == ~record.refused).all()
    assert "SCF" in record.refusals[0]


@pytest.fixture
def judge(limits, without_noise):
    def call(check_id, *, energy_ev=0.0, force=0.0, at=(0, 0), refused=0):
        energies, forces = np.zeros((OPERATIONS, GEOMETRIES)), np.zeros((5, 4, 3, 3))
        energies[at], forces[at][1, 2] = energy_ev, force
        mask = np.zeros(energies.shape, dtype=bool)
        mask.flat[-refused:] = refused > 0
        energies[mask], forces[mask] = np.nan, np.nan
        changes = {"energy_changes_ev": energies, "force_changes": forces, "refused": mask}
        check, extra = get_check(check_id), {}
        if check.record is not Changes:
            extra = {"scan_angles_degrees": [0.0], "scan_energy_changes_ev": [[0.0]] * 3}
        return check.judge(check.record(**changes, **without_noise, **extra), limits(check_id))

    return call


@pytest.mark.parametrize("check_id", INVARIANCES)
@pytest.mark.parametrize(
    ("change", "status", "value", "unit"),
    [
        ({"energy_ev": 2e-4, "force": 9e-4}, Status.PASS, 0.9, "meV/Å"),
        ({"energy_ev": -4e-4}, Status.FAIL, 0.4 / 3, "meV/atom"),
        ({"force": 2e-3}, Status.FAIL, 2.0, "meV/Å"),
        ({"energy_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"force": np.inf}, Status.FAIL, np.nan, "meV/Å"),
        ({"refused": 4}, Status.PASS, 0.0, "meV/atom"),
    ],
)
def test_the_largest_change_decides(judge, check_id, change, status, value, unit):
    judgement = judge(check_id, **change)
    assert (judgement.status, judgement.unit) == (status, unit)
    assert judgement.value == pytest.approx(value, nan_ok=True)
    limit = judgement.evidence["detection_limit"]
    assert limit["energy_mev_per_atom"] == pytest.approx(3 * 2**0.5 * 1e-4 / 3)
    assert limit["forces_mev_per_angstrom"] == pytest.approx(3 * 2**0.5 * 1e-4)


def test_a_thousand_angstrom_is_reported_and_decides_nothing(judge):
    assert judge("translation_invariance", energy_ev=1.0, at=(1, 0)).status is Status.FAIL
    far = judge("translation_invariance", energy_ev=1.0, at=(2, 0))
    assert far.status is Status.PASS
    assert far.evidence["energy_mev_per_atom_by_operation"][2] == pytest.approx(1000 / 3)


def test_many_refusals_leave_it_undecided(judge):
    judgement = judge("rotation_invariance", refused=5)
    assert judgement.status is Status.INCONCLUSIVE
    assert "refused 5 of 20" in judgement.clause
